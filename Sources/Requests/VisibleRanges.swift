package import DaybookModel
package import Ports

/// Cuts a range of seqs along what a user may see.
package enum VisibleRanges {
  package struct Part: Sendable, Equatable {
    package var first: Seq
    package var last: Seq
    package var isVisible: Bool

    package init(_ first: Seq, _ last: Seq, isVisible: Bool) {
      self.first = first
      self.last = last
      self.isVisible = isVisible
    }
  }

  /// The part of `first...last` that begins at `first` and lies wholly inside or wholly outside
  /// `visible` (ascending, apart from each other).
  package static func head(_ first: Seq, _ last: Seq, visible: [SeqInterval]) -> Part {
    for interval in visible {
      if interval.contains(first) {
        return Part(first, min(last, interval.last ?? last), isVisible: true)
      }
      if interval.first > first {
        let before = Seq(interval.first.rawValue - 1)
        return Part(first, min(last, before), isVisible: false)
      }
    }
    return Part(first, last, isVisible: false)
  }

  /// What of `visible` (nil: everything) is past `cleared`; nil where that is everything.
  package static func after(_ cleared: Seq, visible: [SeqInterval]?) -> [SeqInterval]? {
    guard cleared != .none else { return visible }
    guard let visible else { return [SeqInterval(first: cleared.next, last: nil)] }
    return visible.compactMap { interval in
      if let last = interval.last, last <= cleared { return nil }
      return SeqInterval(first: max(interval.first, cleared.next), last: interval.last)
    }
  }
}
