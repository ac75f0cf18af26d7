import Glibc

/// The folder of declarations.
enum TopicsFolder {
    /// The folder: the one given, else where this installation has it.
    static func find(_ given: String?) throws -> String {
        guard let found = given ?? Installation.topics() else {
            throw TopicDeclarationError(
                "topics", nil, "the folder of declarations is not here; name it with --topics DIR")
        }
        return found
    }

    /// Reads and checks every `.yaml` of the folder, by name.
    static func load(_ folder: String) throws -> [TopicDeclaration] {
        guard let stream = opendir(folder) else {
            throw TopicDeclarationError(
                folder, nil,
                "the folder of declarations cannot be read: \(String(cString: strerror(errno))); name it with "
                    + "--topics DIR"
            )
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".yaml"), !name.hasPrefix(".") { names.append(name) }
        }
        guard !names.isEmpty else {
            throw TopicDeclarationError(
                folder, nil, "there is no declaration (*.yaml) here; name the folder with --topics DIR")
        }
        let topics = try names.sorted().map { file in
            let path = "\(folder)/\(file)"
            return try TopicDeclaration.parse(read(path), name: String(file.dropLast(5)), place: path)
        }
        try TopicDeclaration.checkTogether(topics)
        return topics
    }

    private static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else {
            throw TopicDeclarationError(path, nil, "it cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        // A declaration is some hundred bytes; the YAML driver refuses what is much larger.
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0, bytes.count < 8 << 20 {
            bytes += chunk[..<count]
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TopicDeclarationError(path, nil, "it is not UTF-8; save it as UTF-8")
        }
        return text
    }
}
