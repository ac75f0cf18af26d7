@testable import Operator

/// What the API says of a server and of each family in its last cycle.
struct ServerState: Decodable, Sendable {
    struct Cycle: Decodable, Sendable {
        let up: Bool?
        let outcome: String?
        let message: String?
    }

    struct Family: Decodable, Sendable {
        let family: String
        let outcome: String?
        let message: String?
    }

    let id: String
    let cycle: Cycle?
    let version: String?
    let families: [Family]

    enum CodingKeys: String, CodingKey {
        case id, families
        case cycle = "last_cycle"
        case version = "server_version"
    }

    func family(_ name: String) -> Family? { families.first { $0.family == name } }
}

extension World {
    func state(of server: String) async throws -> ServerState { try await api.get("/servers/\(server)") }

    /// Waits until a cycle of the server has come to `outcome`, and returns what the API says then.
    func waitForOutcome(_ outcome: String, of server: String) async throws -> ServerState {
        try await waitFor("a cycle of \(server) with outcome \(outcome)", within: .seconds(30)) {
            guard let state = try? await state(of: server), state.cycle?.outcome == outcome else { return nil }
            return state
        }
    }
}
