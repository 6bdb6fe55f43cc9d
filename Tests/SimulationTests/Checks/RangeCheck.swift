import DaybookModel
import Ports

/// What a device fetches of a stream, from its first seq to its head, is all that its user may see,
/// as it reads now, and the rest is named as not visible.
struct RangeCheck {
  let run: SimRun
  let reference: Reference
  private var findings: Findings { run.findings }

  init(run: SimRun, reference: Reference) {
    self.run = run
    self.reference = reference
  }

  func check() {
    let expected = run.sizes.users.count * (1 + run.sizes.groups.count)
    findings.expect(
      run.watch.ranges.count == expected, "not every range that was asked for was answered")
    for range in run.watch.ranges { check(range) }
  }

  private func check(_ range: Watch.FetchedRange) {
    let (user, stream) = (range.device.user, range.stream)
    let what = "\(range.device.name)'s fetch of all of \(stream)"
    var visible = [SeqInterval(first: Seq(1), last: nil)]
    if let group = stream.groupID {
      visible = reference.groups[group]?.visible(to: user) ?? []
    }
    switch range.outcome {
    case .failure(let error):
      findings.expect(visible.isEmpty, "\(what) was refused: \(error)")
    case .success(let collected):
      guard !visible.isEmpty else { return findings.add("\(what) was answered to a stranger") }
      check(collected, visible, stream, what)
    }
  }

  private func check(
    _ collected: CollectedRange, _ visible: [SeqInterval], _ stream: StreamKey, _ what: String
  ) {
    let events = reference.log[stream].map(\.event).filter { $0.seq != .none }
    let seen = events.filter { event in visible.contains { $0.contains(event.seq) } }
    let hidden = Set(events.map(\.seq.rawValue)).subtracting(seen.map(\.seq.rawValue))
    let named = Set(collected.notVisible.joined())
    findings.expect(
      named == hidden, "\(what) calls \(named.sorted()) not visible, and it is \(hidden.sorted())")
    findings.expect(
      collected.events.map(\.seq) == seen.map(\.seq),
      "\(what) has \(collected.events.map(\.seq)), and it is \(seen.map(\.seq))")
    for (event, logged) in zip(collected.events, seen) where event.seq == logged.seq {
      check(event, logged, what)
    }
  }

  private func check(_ event: Event, _ logged: Event, _ what: String) {
    let record: MessageRecord?
    switch logged.body {
    case .messageSent, .messageCopied, .messageEdited: record = self.record(of: logged)
    default: record = nil
    }
    let isGone = record.map { $0.isRecalled || $0.isExpired(at: run.clock.now()) } ?? false
    guard isGone, let record else {
      return findings.expect(event == logged, "\(what) has seq \(event.seq) otherwise than the log")
    }
    guard case .messageTombstone(let tombstone) = event.body, event.isTombstone(of: logged) else {
      return findings.add("\(what) has no tombstone at seq \(event.seq)")
    }
    let isRight =
      tombstone.by == nil
      ? record.isExpired(at: run.clock.now()) : tombstone.by == record.recalledBy
    findings.expect(isRight, "\(what) has seq \(event.seq) recalled by another, or never")
  }

  private func record(of event: Event) -> MessageRecord? {
    let all =
      event.stream.groupID.map { reference.groups[$0]?.messages ?? [] }
      ?? event.stream.userID.map { reference.mailboxes[$0]?.messages ?? [] } ?? []
    return all.first { $0.id == event.messageID }
  }
}
