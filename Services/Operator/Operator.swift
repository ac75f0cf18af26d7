import Glibc

/// The `pganalytics` command: a word, then what the word takes.
@main
struct Operator {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        exit(await Words.run(arguments))
    }
}
