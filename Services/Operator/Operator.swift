@main
struct Operator {
    static func main() async throws {}
}
