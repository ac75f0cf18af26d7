import Glibc

/// Where this installation keeps its parts: the services' binaries lie beside this one.
enum Installation {
    /// The folder of the running binary.
    static let binaries: String = {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes {
            readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard count > 0 else { return "." }
        let path = String(decoding: buffer[..<count], as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }()

    /// The full path of a binary of ours.
    static func binary(_ name: String) -> String { "\(binaries)/\(name)" }

    /// The topic declarations: `topics` in the working directory, else where an image carries them, else beside a
    /// build folder's checkout; nil when none of them is there.
    static func topics() -> String? {
        ["topics", "/usr/share/pganalytics/topics", "\(binaries)/../../../topics"].first {
            access("\($0)/samples.yaml", R_OK) == 0
        }
    }

    /// Replaces this process by another binary of the installation; returns only when that fails.
    static func become(_ name: String, _ arguments: [String]) -> CInt {
        let path = binary(name)
        var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        argv.append(nil)
        execv(path, argv)
        printError(
            "pganalytics: cannot run \(path): \(String(cString: strerror(errno))); is it installed beside pganalytics?")
        return 127
    }
}
