extension WireReader {
    /// A unit; one that a later version added is read as ``Unit/none``, for a column is of use without its unit.
    @_lifetime(self: copy self)
    mutating func unit(_ field: WireField) throws(WireError) -> Unit {
        Unit(rawValue: UInt8(truncatingIfNeeded: min(try uint64(field), 255))) ?? .none
    }

    /// A `repeated Unit`, each read as ``unit(_:)`` reads it.
    @_lifetime(self: copy self)
    mutating func units(_ field: WireField, into units: inout [Unit]) throws(WireError) {
        var numbers: [UInt32] = []
        try unsigned(field, into: &numbers)
        units += numbers.map { Unit(rawValue: UInt8(truncatingIfNeeded: min($0, 255))) ?? .none }
    }
}
