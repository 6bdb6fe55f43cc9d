package import DaybookModel

/// From `first` to `last`, both included; without an end where `last` is nil.
package struct SeqInterval: Sendable, Equatable {
  package var first: Seq
  package var last: Seq?

  @inlinable
  package init(first: Seq, last: Seq?) {
    self.first = first
    self.last = last
  }

  @inlinable
  package func contains(_ seq: Seq) -> Bool {
    seq >= first && (last.map { seq <= $0 } ?? true)
  }
}

/// What somebody may see of a stream.
extension [SeqInterval] {
  package func shows(_ seq: Seq) -> Bool { contains { $0.contains(seq) } }
}

/// The same, where nil is everything.
extension [SeqInterval]? {
  package func shows(_ seq: Seq) -> Bool { self?.shows(seq) ?? true }

  /// Without what lies past `last`, if there is such an end.
  package func cut(at last: Seq?) -> [SeqInterval]? {
    guard let last else { return self }
    let all = self ?? [SeqInterval(first: Seq(1), last: nil)]
    return all.filter { $0.first <= last }.map { interval in
      SeqInterval(first: interval.first, last: Swift.min(interval.last ?? last, last))
    }
  }
}
