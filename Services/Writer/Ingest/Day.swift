/// A day of UTC, which is what tables are partitioned by.
struct Day: Hashable, Sendable, Comparable {
    /// Days since 1970.
    let number: Int

    private static let microseconds: Int64 = 86_400_000_000

    init(number: Int) { self.number = number }

    /// The day of a point in time.
    init(microseconds time: Int64) {
        let quotient = time / Self.microseconds
        number = Int(time % Self.microseconds < 0 ? quotient - 1 : quotient)
    }

    /// A date of the Gregorian calendar; a month or day beyond its end runs over into the next.
    init(year: Int, month: Int, day: Int) {
        // Years are counted from March, so that the leap day is the last of its year.
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        number = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func < (left: Day, right: Day) -> Bool { left.number < right.number }

    /// Its first microsecond.
    var start: Int64 { Int64(number) * Self.microseconds }

    /// Year, month and day.
    var date: (Int, Int, Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
    }
}
