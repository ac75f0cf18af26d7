@main
struct Writer {
    static func main() async throws {}
}
