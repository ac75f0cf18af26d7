@testable import Collector

extension Spool {
    /// Everything before it was delivered, in every lane.
    func acknowledged() async -> SpoolPosition {
        var first: SpoolPosition?
        for lane in Lane.all {
            let place = await place(of: lane)
            first = min(first ?? place, place)
        }
        return first!
    }
}
