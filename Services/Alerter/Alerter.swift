@main
struct Alerter {
    static func main() async throws {}
}
