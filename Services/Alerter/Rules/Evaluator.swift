/// Evaluates an expression over what arrived last. Everything it looks at belongs to one instance, and every result
/// carries the label `instance`, also where an aggregation left it out: an alerter holds only its share of the fleet.
struct Evaluator {
    let source: any SeriesSource
    /// Groups of series that had to be matched one to one and were several, so that they gave nothing.
    private(set) var ambiguities = 0

    init(source: any SeriesSource) {
        self.source = source
    }

    private enum Value {
        case scalar(Double)
        case vector([Sample])
    }

    /// The series for which the expression holds, with their values.
    mutating func vector(_ expression: Expression) -> [Sample] {
        switch value(expression) {
        case .scalar: []
        case .vector(let samples): samples
        }
    }

    private mutating func value(_ expression: Expression) -> Value {
        switch expression {
        case .number(let number):
            return .scalar(number)
        case .selector(let selector):
            return .vector(
                source.samples(of: selector.name).filter { sample in
                    selector.matchers.allSatisfy { $0.admits(sample.labels) }
                })
        case .negated(let inner):
            switch value(inner) {
            case .scalar(let number): return .scalar(-number)
            case .vector(let samples):
                return .vector(samples.map { Sample(labels: $0.labels, value: -$0.value) })
            }
        case .aggregation(let aggregation, let inner):
            return .vector(aggregate(aggregation, vector(inner)))
        case .binary(let operation, let left, let right, let matching):
            return combine(operation, value(left), value(right), matching)
        }
    }

    private func aggregate(_ aggregation: Expression.Aggregation, _ samples: [Sample]) -> [Sample] {
        var groups: [Labels: [Double]] = [:]
        for sample in samples {
            let labels: Labels
            switch aggregation.grouping {
            case .by(let names): labels = sample.labels.filter { names.contains($0.key) || $0.key == "instance" }
            case .without(let names):
                labels = sample.labels.filter { !names.contains($0.key) || $0.key == "instance" }
            }
            groups[labels, default: []].append(sample.value)
        }
        return groups.map { labels, values in
            let value =
                switch aggregation.function {
                case .sum: values.reduce(0, +)
                case .min: values.min() ?? .nan
                case .max: values.max() ?? .nan
                case .avg: values.reduce(0, +) / Double(values.count)
                case .count: Double(values.count)
                }
            return Sample(labels: labels, value: value)
        }
    }

    private mutating func combine(
        _ operation: Expression.BinaryOperator, _ left: Value, _ right: Value, _ matching: Expression.Matching?
    ) -> Value {
        switch (left, right) {
        case (.scalar(let a), .scalar(let b)):
            return .scalar(Self.arithmetic(operation, a, b))
        case (.vector(let samples), .scalar(let b)):
            return .vector(samples.compactMap { Self.apply(operation, $0, $0.value, b, keeping: $0.value) })
        case (.scalar(let a), .vector(let samples)):
            return .vector(samples.compactMap { Self.apply(operation, $0, a, $0.value, keeping: $0.value) })
        case (.vector(let a), .vector(let b)):
            return .vector(combine(operation, a, b, matching))
        }
    }

    private mutating func combine(
        _ operation: Expression.BinaryOperator, _ left: [Sample], _ right: [Sample], _ matching: Expression.Matching?
    ) -> [Sample] {
        func key(_ sample: Sample) -> Labels {
            switch matching {
            case .on(let names)?: sample.labels.filter { names.contains($0.key) }
            case .ignoring(let names)?: sample.labels.filter { !names.contains($0.key) }
            case nil: sample.labels
            }
        }
        let others = Dictionary(grouping: right, by: key)
        switch operation {
        case .and: return left.filter { others[key($0)] != nil }
        case .unless: return left.filter { others[key($0)] == nil }
        case .or:
            let present = Set(left.map(key))
            return left + right.filter { !present.contains(key($0)) }
        default:
            var results: [Sample] = []
            for (key, samples) in Dictionary(grouping: left, by: key) {
                guard let others = others[key] else { continue }
                guard samples.count == 1, others.count == 1 else {
                    ambiguities += 1
                    continue
                }
                let (sample, other) = (samples[0], others[0])
                // Of the labels those are left that were matched on, in comparisons as well.
                let result = Sample(labels: key.merging(instance(sample)) { own, _ in own }, value: sample.value)
                if let result = Self.apply(operation, result, sample.value, other.value, keeping: sample.value) {
                    results.append(result)
                }
            }
            return results
        }
    }

    private func instance(_ sample: Sample) -> Labels {
        sample.labels.filter { $0.key == "instance" }
    }

    /// A comparison keeps the series' own value or leaves the series out; arithmetic replaces the value.
    private static func apply(
        _ operation: Expression.BinaryOperator, _ sample: Sample, _ a: Double, _ b: Double, keeping own: Double
    ) -> Sample? {
        guard operation.isComparison else {
            return Sample(labels: sample.labels, value: arithmetic(operation, a, b))
        }
        return holds(operation, a, b) ? Sample(labels: sample.labels, value: own) : nil
    }

    private static func arithmetic(_ operation: Expression.BinaryOperator, _ a: Double, _ b: Double) -> Double {
        switch operation {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        default: .nan
        }
    }

    private static func holds(_ operation: Expression.BinaryOperator, _ a: Double, _ b: Double) -> Bool {
        switch operation {
        case .equal: a == b
        case .notEqual: a != b
        case .greater: a > b
        case .less: a < b
        case .greaterOrEqual: a >= b
        case .lessOrEqual: a <= b
        default: false
        }
    }
}
