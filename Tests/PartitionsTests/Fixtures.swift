import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import Ports

@testable import Partitions

let alice = UserID(checked: "alice")
let bob = UserID(checked: "bob")
let carol = UserID(checked: "carol")
let dave = UserID(checked: "dave")
let erin = UserID(checked: "erin")
let phone = DeviceID(checked: "phone")
let laptop = DeviceID(checked: "laptop")
let ubuntu = GroupID(checked: "ubuntu")
let start = Timestamp(milliseconds: 1_790_000_000_000)

func message(_ text: String) -> Message { Message(content: ContentCoding.text(text)) }

/// A state with the commands' numbers and the time kept by the test's side.
struct Desk {
  var state = PartitionState(partition: PartitionID(3))
  var policy: DecisionPolicy
  var now = start
  var number: UInt64 = 0
  var logged: [Event] = []
  private var relayed = 0

  init(policy: DecisionPolicy = .standard) { self.policy = policy }

  mutating func decide(
    _ body: Command.Body, on stream: StreamKey, by user: UserID? = nil, device: DeviceID? = nil,
    service: ServiceID? = nil, number: UInt64? = nil, origin: String = "test",
    observed: MessageID = .none, given: UInt64 = 0
  ) -> Decision {
    var id: NumberedOrigin?
    if body.isNumbered {
      self.number += 1
      id = NumberedOrigin(origin: Origin(origin.utf8)!, number: number ?? self.number)
    }
    let command = Command(
      stream: stream, actor: Actor(user: user, device: device, service: service), id: id,
      observed: observed, body: body)
    for event in state.preceding(command, at: state.find(stream), now: now, policy) { take(event) }
    let decision = state.decide(command, now: now, policy: policy, given: given)
    if case .append(let event, _) = decision {
      take(event)
      for next in state.following(event, at: state.find(stream), policy) { take(next) }
    }
    return decision
  }

  private mutating func take(_ event: Event) {
    state.evolve(event)
    logged.append(event)
  }

  /// A read of a group, as it is asked: of the group's owner first, then in the reader's mailbox.
  mutating func readGroup(_ group: GroupID, upTo seq: Seq, by user: UserID) -> Decision {
    let asked = Command(
      stream: .group(group), actor: Actor(user: user), id: nil, body: .inspect(peer: nil))
    switch state.decide(asked, now: now, policy: policy) {
    case .reject(let error), .refuse(_, let error): return .reject(error)
    case .append(_, let outcome), .answer(let outcome):
      guard let position = try? outcome.position() else { return .reject(.invalidRequest, "") }
      return decide(
        .readGroup(group, upTo: seq, position.reading), on: .user(user), by: user)
    }
  }

  /// For steps that only lead up to what a test is about.
  @discardableResult
  mutating func done(
    _ body: Command.Body, on stream: StreamKey, by user: UserID? = nil, device: DeviceID? = nil
  ) -> CommandOutcome {
    switch decide(body, on: stream, by: user, device: device) {
    case .append(_, let outcome), .answer(let outcome): return outcome
    case .reject(let error), .refuse(_, let error): fatalError("refused: \(error)")
    }
  }

  /// For what is refused.
  mutating func refusal(
    _ body: Command.Body, on stream: StreamKey, by user: UserID? = nil, device: DeviceID? = nil
  ) -> ErrorCode? {
    decide(body, on: stream, by: user, device: device).rejection
  }

  /// Sends, and refers to what was sent.
  mutating func sent(
    _ text: String = "x", to stream: StreamKey, by user: UserID
  ) -> MessageReference {
    let outcome = done(.send(message(text)), on: stream, by: user)
    return MessageReference(
      seq: outcome.seq, messageID: outcome.messageID, author: user, sentAt: outcome.recordedAt)
  }

  mutating func wait(milliseconds: UInt64) {
    now = Timestamp(milliseconds: now.milliseconds + milliseconds)
  }

  /// Takes the effects of what was logged since the last time, all in this one partition, as if
  /// it had come from another.
  @discardableResult
  mutating func relay() -> [Event] {
    var taken: [Event] = []
    for index in relayed..<logged.count {
      var effects: [SourceEffect] = []
      Effects.append(of: logged[index], index: index, to: &effects)
      for effect in effects {
        let located = effect.located(in: PartitionID(9), at: Offset(Int64(index)))
        guard let event = state.event(for: located, now: now) else { continue }
        state.evolve(event)
        logged.append(event)
        taken.append(event)
      }
    }
    relayed = logged.count
    return taken
  }
}

extension Command.Body {
  /// What is asked by the server itself, and what changes nothing, needs no idempotence.
  var isNumbered: Bool {
    switch self {
    case .ack, .ackGroups, .openCursor, .inspect, .inspectContact, .nextNumber, .sendTransient,
      .checkToken, .openSession, .closeSession:
      false
    default: true
    }
  }
}

extension Decision {
  var event: Event? { if case .append(let event, _) = self { event } else { nil } }
  var rejection: ErrorCode? { if case .reject(let error) = self { error.code } else { nil } }
  var outcome: CommandOutcome? {
    switch self {
    case .append(_, let outcome), .answer(let outcome): outcome
    case .reject, .refuse: nil
    }
  }
}

/// Stands still at `start`.
func fixedClock() -> SettableClock { SettableClock(start) }
