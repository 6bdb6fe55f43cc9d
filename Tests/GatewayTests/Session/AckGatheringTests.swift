import DaybookModel
import Ports
import Testing

@testable import Gateway

@Suite("acks on their way to the log")
struct AckGatheringTests {
  enum Step {
    case ack(String, Int, sequence: UInt32)
    case flush
    /// Of one stream, ahead of the tick's end.
    case ahead(String)
  }

  private static let bob = Actor(user: UserID(checked: "bob"), device: DeviceID(checked: "phone"))

  /// `scheduled`, or the ack as its owner gets it: stream, seq, and the request that a refusal answers.
  private static func text(_ action: SessionAction) -> String {
    switch action {
    case .scheduleAcks: return "scheduled"
    case .submit(let command, let purpose):
      guard case .ack(let upTo, Seq(7)) = command.body, case .ack = purpose.kind,
        command.actor == bob, command.id == nil
      else { return "?" }
      return "\(command.stream) \(upTo) #\(purpose.sequence)"
    default: return "?"
    }
  }

  private static let rows: [(String, [Step], [String])] = [
    (
      "one command for a stream and tick, with the highest ack and its request",
      [
        .ack("user/bob", 1, sequence: 2), .ack("user/bob", 5, sequence: 3),
        .ack("user/bob", 4, sequence: 4), .flush,
      ],
      ["scheduled", "user/bob 5 #3"]
    ),
    (
      "of equal ones the latest request is answered",
      [.ack("user/bob", 5, sequence: 2), .ack("user/bob", 5, sequence: 3), .flush],
      ["scheduled", "user/bob 5 #3"]
    ),
    (
      "streams in the order of their first acks",
      [
        .ack("user/bob", 1, sequence: 2), .ack("group/a", 9, sequence: 3),
        .ack("user/bob", 2, sequence: 4), .flush,
      ],
      ["scheduled", "user/bob 2 #4", "group/a 9 #3"]
    ),
    ("nothing without an ack", [.flush, .ahead("user/bob")], []),
    (
      "a tick's end is asked for once a tick",
      [
        .ack("user/bob", 1, sequence: 2), .flush, .flush, .ack("user/bob", 2, sequence: 3),
        .ack("group/a", 3, sequence: 4), .flush,
      ],
      ["scheduled", "user/bob 1 #2", "scheduled", "user/bob 2 #3", "group/a 3 #4"]
    ),
    (
      "what went ahead does not go again, and nothing else goes with it",
      [
        .ack("group/a", 1, sequence: 2), .ack("group/b", 1, sequence: 3), .ahead("group/b"),
        .ahead("group/b"), .flush,
      ],
      ["scheduled", "group/b 1 #3", "group/a 1 #2"]
    ),
    (
      "what comes behind that in the same tick goes with the tick",
      [
        .ack("group/a", 1, sequence: 2), .ahead("group/a"), .ack("group/a", 2, sequence: 3),
        .flush,
      ],
      ["scheduled", "group/a 1 #2", "group/a 2 #3"]
    ),
  ]

  @Test("are handed on once", arguments: rows)
  func gathered(claim: String, steps: [Step], expected: [String]) {
    var acks = AckGathering()
    var output = SessionOutput()
    for step in steps {
      switch step {
      case .ack(let stream, let upTo, let sequence):
        acks.gather(
          upTo: Seq(UInt64(upTo)), of: StreamKey(checked: stream)!, sequence: sequence, &output)
      case .flush: acks.flush(by: AckGatheringTests.bob, Seq(7), &output)
      case .ahead(let stream):
        acks.flush(StreamKey(checked: stream)!, by: AckGatheringTests.bob, Seq(7), &output)
      }
    }
    #expect(output.actions.map(AckGatheringTests.text) == expected, "\(claim)")
    #expect(output.isEmpty)
  }
}
