import DaybookModel
import DaybookSchema
import NIOCore
import Ports

@testable import Partitions

let alice = UserID(checked: "alice")
let bob = UserID(checked: "bob")
let carol = UserID(checked: "carol")
let phone = DeviceID(checked: "phone")
let laptop = DeviceID(checked: "laptop")
let ubuntu = GroupID(checked: "ubuntu")
let start = Timestamp(milliseconds: 1_790_000_000_000)

func message(_ text: String) -> Message { Message(content: ContentCoding.text(text)) }

/// A state with the commands' numbers and the time kept by the test's side.
struct Desk {
  var state = PartitionState(partition: PartitionID(3))
  var now = start
  var number: UInt64 = 0
  var logged: [Event] = []

  mutating func decide(
    _ body: Command.Body, on stream: StreamKey, by user: UserID? = nil, device: DeviceID? = nil,
    service: ServiceID? = nil, number: UInt64? = nil, origin: String = "test",
    observed: MessageID = .none
  ) -> Decision {
    var id: NumberedOrigin?
    switch body {
    case .ack, .openCursor, .inspect: break
    default:
      self.number += 1
      id = NumberedOrigin(origin: Origin(origin.utf8)!, number: number ?? self.number)
    }
    let command = Command(
      stream: stream, actor: Actor(user: user, device: device, service: service), id: id,
      observed: observed, body: body)
    let decision = state.decide(command, now: now)
    if case .append(let event, _) = decision {
      state.evolve(event)
      logged.append(event)
    }
    return decision
  }

  /// For steps that only lead up to what a test is about.
  @discardableResult
  mutating func done(
    _ body: Command.Body, on stream: StreamKey, by user: UserID? = nil, device: DeviceID? = nil
  ) -> CommandOutcome {
    switch decide(body, on: stream, by: user, device: device) {
    case .append(_, let outcome), .answer(let outcome): return outcome
    case .reject(let error): fatalError("refused: \(error)")
    }
  }
}

extension Decision {
  var event: Event? { if case .append(let event, _) = self { event } else { nil } }
  var rejection: ErrorCode? { if case .reject(let error) = self { error.code } else { nil } }
  var outcome: CommandOutcome? {
    switch self {
    case .append(_, let outcome), .answer(let outcome): outcome
    case .reject: nil
    }
  }
}
