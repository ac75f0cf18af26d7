/// Every metric family there is.
public enum Catalogue {
    /// In the order of the manual.
    public static let families: [Family] = [
        .cycle, .cycleFamily, .statements, .activity, .lockWaits, .connections, .database, .system, .systemDisk,
    ]

    /// The family of a name.
    public static func family(_ name: String) -> Family? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: families.map { ($0.name, $0) })
}
