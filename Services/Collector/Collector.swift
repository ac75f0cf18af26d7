@main
struct Collector {
    static func main() async throws {}
}
