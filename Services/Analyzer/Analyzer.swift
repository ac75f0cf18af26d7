@main
struct Analyzer {
    static func main() async throws {}
}
