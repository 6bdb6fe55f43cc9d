import DaybookModel

/// What of an export is wrong, and what it costs: how often by kind, and the first of them by name.
package struct SlackFindings: Sendable, Equatable {
  /// Named one by one; the rest is counted.
  package static let shownMax = 20

  /// What is lost by it.
  package private(set) var lost: [String: Int] = [:]
  /// What is worth saying though nothing is lost.
  package private(set) var noted: [String: Int] = [:]
  package private(set) var shown: [ImportFault] = []

  package init() {}

  mutating func lose(_ kind: String, _ place: String, _ reason: String) {
    add(ImportFault(kind, place, reason), to: \.lost)
  }

  mutating func note(_ kind: String, _ place: String, _ reason: String) {
    add(ImportFault(kind, place, reason), to: \.noted)
  }

  private mutating func add(
    _ fault: ImportFault, to counts: WritableKeyPath<SlackFindings, [String: Int]>
  ) {
    self[keyPath: counts][fault.kind, default: 0] += 1
    if shown.count < SlackFindings.shownMax { shown.append(fault) }
  }

  package mutating func merge(_ other: SlackFindings) {
    lost.merge(other.lost) { $0 + $1 }
    noted.merge(other.noted) { $0 + $1 }
    shown += other.shown.prefix(max(0, SlackFindings.shownMax - shown.count))
  }
}

/// The entries of a file of an export, one at a time, in the order in which they stand there.
///
/// An entry that is no object, or no valid JSON, costs itself; where a file can't be read on, what
/// stands before that counts.
struct SlackEntries {
  private var reader: JSONArrayReader
  private let file: String
  /// What a fault of the whole file is counted as, and one of an entry.
  private let kinds: (file: String, entry: String)

  init(_ source: any ByteSource, file: String, kinds: (file: String, entry: String)) {
    reader = JSONArrayReader(source)
    self.file = file
    self.kinds = kinds
  }

  /// The number of the last entry, from 1 on.
  var number: Int { reader.count }

  /// Nil at the end.
  mutating func next(_ findings: inout SlackFindings) -> SlackFields? {
    do throws(DaybookError) {
      while let element = try reader.next() {
        switch element {
        case .value(let value):
          if let fields = SlackFields(object: value) { return fields }
          findings.lose(kinds.entry, "\(file), entry \(number)", "it is no object")
        case .faulty(let reason):
          findings.lose(kinds.entry, "\(file), entry \(number)", reason)
        }
      }
    } catch {
      findings.lose(kinds.file, file, error.message)
    }
    return nil
  }
}
