/// A value of a result line.
enum BenchValue {
  case integer(Int)
  case ratio(Double)
  case text(String)
  /// What this machine, or its user, is not told.
  case unknown

  var json: String {
    switch self {
    case .integer(let value): "\(value)"
    case .ratio(let value): "\(Double(Int(value * 1000)) / 1000)"
    case .text(let value): "\"\(value)\""
    case .unknown: "null"
    }
  }

  var text: String {
    switch self {
    case .unknown: "not known"
    default: json
    }
  }

  var number: Double {
    switch self {
    case .integer(let value): Double(value)
    case .ratio(let value): value
    case .text, .unknown: 0
    }
  }
}

typealias BenchField = (name: String, value: BenchValue)

/// What one run measured: fields in the order in which they are printed.
package struct BenchResult {
  var fields: [BenchField]

  subscript(_ name: String) -> Double {
    fields.first { $0.name == name }?.value.number ?? 0
  }

  package func line(json: Bool) -> String {
    json
      ? "{" + fields.map { "\"\($0.name)\":\($0.value.json)" }.joined(separator: ",") + "}"
      : fields.map { "\($0.name) \($0.value.text)" }.joined(separator: "  ")
  }

  /// The run whose figure is the middle one, whole: figures of one line belong together.
  package static func median(of runs: [BenchResult], by name: String) -> BenchResult {
    let sorted = runs.sorted { $0[name] < $1[name] }
    return sorted[sorted.count / 2]
  }
}
