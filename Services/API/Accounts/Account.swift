/// A user as stored, without the password.
struct Account: Sendable, Equatable {
    var name: String
    var role: Role
    var isDisabled: Bool
    /// Counts up with each new password or change of state: a token with another number is worth nothing. A number and
    /// not a time, for two clocks would have to agree on that.
    var tokenVersion: Int64
    var createdAt: Int64

    /// Names are what a shell, a log and a URL take without quotes.
    static func isValid(name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || "._@-".utf8.contains($0)
            }
    }
}
