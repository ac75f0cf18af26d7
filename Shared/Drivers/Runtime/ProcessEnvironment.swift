import Glibc

/// The environment that this process was started with.
public enum ProcessEnvironment {
    /// Every variable; of a name that occurs twice the first.
    public static let all: [String: String] = {
        // Read once, before anything could call setenv: the C array must not change while it is walked.
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                let name = String(text[..<equals])
                if variables[name] == nil { variables[name] = String(text[text.index(after: equals)...]) }
            }
            next += 1
        }
        return variables
    }()
}
