/// What the spool asks of a directory: small enough that a test can have one that forgets unsynced writes.
///
/// All calls block; the spool makes them on a thread of its own, one at a time.
protocol SpoolFileSystem: Sendable {
    /// Names of the files that are there.
    func list() throws(SpoolError) -> [String]
    func size(_ name: String) throws(SpoolError) -> Int
    /// Up to `count` bytes from `offset`; fewer at the end of the file.
    func read(_ name: String, at offset: Int, count: Int) throws(SpoolError) -> [UInt8]
    /// Makes an empty file; what had this name is gone.
    func create(_ name: String) throws(SpoolError)
    /// Appends all of the bytes, or throws, and may then have appended a part of them.
    func append(_ name: String, _ bytes: [UInt8]) throws(SpoolError)
    func truncate(_ name: String, to size: Int) throws(SpoolError)
    /// The content of a file is durable when this returns; its name is only after ``syncDirectory()``.
    func sync(_ name: String) throws(SpoolError)
    func rename(_ name: String, to newName: String) throws(SpoolError)
    func remove(_ name: String) throws(SpoolError)
    func syncDirectory() throws(SpoolError)
}

/// What went wrong with the spool's files.
struct SpoolError: Error, CustomStringConvertible {
    /// Open: more may come.
    struct Code: Hashable, Sendable {
        let name: String
        static let noSpace = Code(name: "no_space")
        static let notFound = Code(name: "not_found")
        static let permission = Code(name: "permission")
        static let inUse = Code(name: "in_use")
        /// Memory or descriptors of the process or the machine; the files are well.
        static let exhausted = Code(name: "exhausted")
        static let io = Code(name: "io")
    }

    var code: Code
    /// One line: what, where, remedy.
    var message: String
    var description: String { message }

    /// Whether a file that cannot be read is lost: neither its rights nor the machine's state are in the way.
    var isDamage: Bool { code == .io || code == .notFound }
}
