import DaybookModel

/// What a partition must hold, as far as anybody was told, and what it may.
struct PartitionModel {
  /// By offset: what was acked, or shown to somebody.
  private(set) var certain: [TestEvent] = []
  /// Submitted, neither acked nor refused: a prefix of it may be there behind what is certain.
  private(set) var possible: [TestEvent] = []
  /// Submitted to an owner that was overtaken: the next opening may find it in that one's segment, as
  /// long as the new owner has written nothing in its place.
  private var late: [TestEvent] = []
  /// What was not as it must be.
  private(set) var violations: [String] = []

  mutating func submit(_ events: [TestEvent], byOwner: Bool = true) {
    if byOwner { possible += events } else { late += events }
  }

  /// Nothing of it is in the log, nor ever will be.
  mutating func refused(_ events: [TestEvent]) {
    if certain.contains(where: { events.contains($0) }) {
      violations.append("\(events.map(\.name)) was refused and is there")
    }
    possible.removeAll { events.contains($0) }
    late.removeAll { events.contains($0) }
  }

  mutating func acked(_ events: [TestEvent], from base: Offset) {
    for (at, event) in events.enumerated() {
      shown(event, at: base.advanced(by: at), by: "an ack")
    }
  }

  /// What somebody was shown is there for ever.
  mutating func shown(_ event: TestEvent, at offset: Offset, by whom: String) {
    let index = Int(offset.rawValue)
    if index < certain.count {
      if certain[index] != event {
        violations.append(
          "\(whom) has \(event.name) at offset \(offset), which is \(certain[index].name)")
      }
    } else if index == certain.count, possible.first == event {
      certain.append(possible.removeFirst())
      late = []
    } else if index == certain.count, late.first == event {
      certain.append(late.removeFirst())
    } else {
      violations.append(
        "\(whom) has \(event.name) at offset \(offset): \(certain.count) are certain, next may "
          + "come \(possible.first?.name ?? "nothing")")
    }
  }

  /// A new owner's view, which settles what was open.
  mutating func recovered(_ events: [TestEvent], by whom: String) {
    for (at, event) in events.enumerated() { shown(event, at: Offset(Int64(at)), by: whom) }
    if events.count < certain.count {
      violations.append("\(whom) has \(events.count) events, \(certain.count) were acked or shown")
    }
    possible = []
    late = []
  }

  /// A new owner's view, while an old one still believes to be it.
  mutating func takenOver(_ events: [TestEvent], by whom: String) {
    let submitted = possible
    recovered(events, by: whom)
    late = submitted.filter { !certain.contains($0) }
  }

  mutating func violate(_ line: String) { violations.append(line) }
}

extension TestEvent {
  /// Enough to know it by.
  fileprivate var name: String { "event \(seq)" }
}
