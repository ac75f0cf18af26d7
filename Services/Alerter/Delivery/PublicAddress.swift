import Glibc

/// Which numeric addresses belong to the public internet.
enum PublicAddress {
    /// False for loopback, private, link-local, shared (carrier NAT), documentation, multicast and unspecified
    /// addresses, for IPv4 mapped into IPv6 by its IPv4 address, and for what is no address.
    static func isPublic(_ address: String) -> Bool {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 { return isPublic(four: UInt32(bigEndian: four.s_addr)) }
        var six = in6_addr()
        guard inet_pton(AF_INET6, address, &six) == 1 else { return false }
        let bytes = withUnsafeBytes(of: &six) { Array($0) }
        // ::/96 (IPv4-compatible, :: and ::1 among them), ::ffff:0:0/96 (mapped), 64:ff9b::/96 (translated)
        let last = bytes[12...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        if bytes[..<10].allSatisfy({ $0 == 0 }) {
            return bytes[10] == 0xff && bytes[11] == 0xff ? isPublic(four: last) : false
        }
        if bytes[..<12] == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0] { return isPublic(four: last) }
        // Only 2000::/3 is given out; of it not documentation, Teredo, 6to4 of private addresses.
        guard bytes[0] & 0xe0 == 0x20 else { return false }
        if bytes[0] == 0x20, bytes[1] == 0x01, bytes[2] == 0x0d, bytes[3] == 0xb8 { return false }
        if bytes[0] == 0x20, bytes[1] == 0x01, bytes[2] == 0, bytes[3] == 0 { return false }
        if bytes[0] == 0x20, bytes[1] == 0x02 {
            return isPublic(four: bytes[2..<6].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        }
        return true
    }

    private static func isPublic(four address: UInt32) -> Bool {
        let closed: [(UInt32, Int)] = [
            (0x0000_0000, 8), (0x0a00_0000, 8), (0x6440_0000, 10), (0x7f00_0000, 8), (0xa9fe_0000, 16),
            (0xac10_0000, 12), (0xc000_0000, 24), (0xc000_0200, 24), (0xc0a8_0000, 16), (0xc612_0000, 15),
            (0xc633_6400, 24), (0xcb00_7100, 24), (0xe000_0000, 3),
        ]
        return !closed.contains { network, bits in (address ^ network) >> (32 - UInt32(bits)) == 0 }
    }
}
