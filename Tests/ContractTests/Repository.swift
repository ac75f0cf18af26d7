import Foundation

/// The sources, as files.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let services = folders("Services")
    static let drivers = folders("Shared/Drivers")
    static let libraries = folders("Shared/C")

    static func folders(_ path: String) -> [String] {
        let url = root.appendingPathComponent(path)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.filter { isFolder(url.appendingPathComponent($0)) }.sorted()
    }

    private static func isFolder(_ url: URL) -> Bool {
        var folder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &folder) && folder.boolValue
    }

    /// Every file of an ending under a folder, with its path from the root.
    static func files(_ path: String, ending: String = ".swift") -> [(path: String, text: String)] {
        let url = root.appendingPathComponent(path)
        guard let walk = FileManager.default.enumerator(atPath: url.path) else { return [] }
        return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(ending) }.sorted().compactMap { name in
            let file = url.appendingPathComponent(name)
            return (try? String(contentsOf: file, encoding: .utf8)).map { ("\(path)/\(name)", $0) }
        }
    }

    /// The modules that a file imports.
    static func imports(_ text: String) -> Set<String> {
        let line =
            /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
        return Set(text.split(separator: "\n").compactMap { $0.firstMatch(of: line).map { String($0.1) } })
    }
}
