import Foundation

/// Numbers as people read them, in the words of Prometheus' templates.
enum Humanize {
    /// As short as it can be said exactly.
    static func plain(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }

    /// Four digits and an SI prefix: 12.3k.
    static func number(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return plain(value) }
        let up = ["", "k", "M", "G", "T", "P", "E"]
        let down = ["", "m", "u", "n", "p"]
        var scaled = value
        var step = 0
        if abs(value) >= 1 {
            while abs(scaled) >= 1000, step < up.count - 1 {
                scaled /= 1000
                step += 1
            }
            return significant(scaled) + up[step]
        }
        while abs(scaled) < 1, step < down.count - 1 {
            scaled *= 1000
            step += 1
        }
        return significant(scaled) + down[step]
    }

    /// Seconds as 1d 2h 3m 4s, 5.2s or 12.5ms.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return plain(seconds) }
        if abs(seconds) < 1 { return seconds == 0 ? "0s" : number(seconds) + "s" }
        if abs(seconds) < 60 { return significant(seconds) + "s" }
        let sign = seconds < 0 ? "-" : ""
        let whole = Int64(min(abs(seconds), 9e15))
        let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60)
        if days > 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(whole % 60)s" }
        if hours > 0 { return "\(sign)\(hours)h \(minutes)m \(whole % 60)s" }
        return "\(sign)\(minutes)m \(whole % 60)s"
    }

    /// A share of 1 as a percentage.
    static func percentage(_ share: Double) -> String {
        significant(share * 100) + "%"
    }

    /// True for a format with one number in it: %f, %.2f, %g, %.4g, %d, %v, with text around and %% for a percent sign.
    static func accepts(_ format: String) -> Bool {
        split(format) != nil
    }

    /// The number in such a format.
    static func printf(_ format: String, _ value: Double) -> String {
        guard let (before, conversion, after) = split(format) else { return plain(value) }
        let text =
            switch conversion.last {
            case "v", "s": plain(value)
            case "d": plain(value.rounded(.towardZero))
            default: String(format: conversion, value)
            }
        return before.replacing("%%", with: "%") + text + after.replacing("%%", with: "%")
    }

    private static func split(_ format: String) -> (String, String, String)? {
        let pattern = /%(\.[0-9]{1,2})?[fgdvs]/
        let hidden = format.replacing("%%", with: "\u{0}\u{0}")
        let found = hidden.matches(of: pattern)
        guard found.count == 1, hidden.replacing(pattern, with: "").contains("%") == false else { return nil }
        func shown(_ text: Substring) -> String { text.replacing("\u{0}\u{0}", with: "%%").description }
        return (
            shown(hidden[..<found[0].range.lowerBound]), String(hidden[found[0].range]),
            shown(hidden[found[0].range.upperBound...])
        )
    }

    private static func significant(_ value: Double) -> String {
        String(format: "%.4g", value)
    }
}
