/// The requests of Kafka's protocol that librdkafka's mock cluster answers, by their names.
public enum MockRequest: String, CaseIterable, Sendable {
    case produce = "Produce"
    case fetch = "Fetch"
    case listOffsets = "ListOffsets"
    case metadata = "Metadata"
    case offsetCommit = "OffsetCommit"
    case offsetFetch = "OffsetFetch"
    case findCoordinator = "FindCoordinator"
    case joinGroup = "JoinGroup"
    case heartbeat = "Heartbeat"
    case leaveGroup = "LeaveGroup"
    case syncGroup = "SyncGroup"
    case initProducerID = "InitProducerId"

    /// The request's number in the protocol.
    public var apiKey: Int16 {
        switch self {
        case .produce: 0
        case .fetch: 1
        case .listOffsets: 2
        case .metadata: 3
        case .offsetCommit: 8
        case .offsetFetch: 9
        case .findCoordinator: 10
        case .joinGroup: 11
        case .heartbeat: 12
        case .leaveGroup: 13
        case .syncGroup: 14
        case .initProducerID: 22
        }
    }
}
