@main
struct API {
    static func main() async throws {}
}
