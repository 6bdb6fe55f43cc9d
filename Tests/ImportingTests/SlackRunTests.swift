import DaybookModel
import Testing

@testable import Importing

@Suite("The course of a Slack import's commands")
struct SlackRunTests {
  private let refusal = DaybookError(.contentTooLarge, "it is too long")

  /// Issues what may be issued: `5` for a command, `5<4` for one that was given the id of 4's
  /// message, which is 1,000 more than its place.
  private func advance(_ run: inout SlackRun) -> [String] {
    var steps: [String] = []
    while true {
      switch run.next() {
      case .issue(let index, .none): steps.append("\(index)")
      case .issue(let index, let target): steps.append("\(index)<\(target.rawValue - 1000)")
      case .drop(let index, let code): steps.append("drop \(index): \(code)")
      case .wait: return steps + ["wait"]
      case .end: return steps
      }
    }
  }

  private func answer(_ run: inout SlackRun, _ indices: Int...) {
    for index in indices { run.answered(index, .success(MessageID(UInt64(1000 + index)))) }
  }

  private func entry(_ at: Int, _ user: String, _ more: String = "") -> String {
    SlackSamples.entry(at, user, "text \(at)", more)
  }

  @Test("nothing follows the making of a group before that is answered; then all that stands alone")
  func opening() throws {
    var run = SlackRun(try SlackSamples.plan(entry(1, "U1"), entry(2, "U2"), entry(3, "U1")))
    #expect(advance(&run) == ["0", "wait"])
    answer(&run, 0)
    #expect(advance(&run) == ["1", "2", "3", "4"])
    #expect(run.isExhausted)
  }

  @Test("a group that can't be made is left alone")
  func foreign() throws {
    var run = SlackRun(try SlackSamples.plan(entry(1, "U1"), entry(2, "U2")))
    _ = advance(&run)
    run.answered(0, .failure(DaybookError(.groupExists, "there is one")))
    #expect(advance(&run).isEmpty && run.isExhausted)
  }

  @Test("a reply waits for its message and takes its id")
  func reply() throws {
    var run = SlackRun(
      try SlackSamples.plan(
        entry(1, "U1"), entry(2, "U1"), entry(3, "U1", "\"thread_ts\": \"1.0\""), entry(4, "U1")))
    _ = advance(&run)
    answer(&run, 0)
    #expect(advance(&run) == ["1", "2", "wait"])
    answer(&run, 2)
    #expect(advance(&run) == ["wait"])
    answer(&run, 1)
    #expect(advance(&run) == ["3<1", "4"])
  }

  @Test("a day waits until all of the day before is answered")
  func days() throws {
    var run = SlackRun(
      try SlackSamples.plan(days: [entry(1, "U1") + "," + entry(2, "U1"), entry(90_000, "U1")]))
    _ = advance(&run)
    answer(&run, 0)
    #expect(advance(&run) == ["1", "2", "wait"])
    answer(&run, 2)
    #expect(advance(&run) == ["wait"])
    answer(&run, 1)
    #expect(advance(&run) == ["3"])
  }

  @Test("reactions go together with what follows, but not with a leave or a recall")
  func reactions() throws {
    let react = "\"reactions\": [{\"name\": \"a\", \"users\": [\"U1\", \"U2\"]}]"
    var run = SlackRun(
      try SlackSamples.plan(
        SlackSamples.entry(1, "U2", subtype: "channel_join"), entry(2, "U1", react), entry(3, "U1"),
        SlackSamples.entry(4, "U2", subtype: "channel_leave"), entry(5, "U1"),
        SlackSamples.entry(6, "U1", subtype: "message_deleted", "\"deleted_ts\": \"5.0\"")))
    _ = advance(&run)
    answer(&run, 0)
    #expect(advance(&run) == ["1", "2", "wait"])
    answer(&run, 2)
    #expect(advance(&run) == ["3<2", "4<2", "5", "wait"])
    answer(&run, 5, 3)
    #expect(advance(&run) == ["wait"])
    answer(&run, 4)
    #expect(advance(&run) == ["6", "7", "wait"])
    answer(&run, 7)
    #expect(advance(&run) == ["8<7"])
  }

  @Test("in a direct conversation what one says waits for what the other said")
  func turns() throws {
    let members = ["U1", "U2"]
    var run = SlackRun(
      try SlackSamples.plan(
        .dms, members: members, entry(1, "U1"), entry(2, "U1"), entry(3, "U2"), entry(4, "U1")))
    #expect(advance(&run) == ["0", "1", "wait"])
    answer(&run, 0)
    #expect(advance(&run) == ["wait"])
    answer(&run, 1)
    #expect(advance(&run) == ["2", "wait"])
    answer(&run, 2)
    #expect(advance(&run) == ["3"])
  }

  @Test("what is about a message that was refused is dropped; a reply goes without it")
  func refused() throws {
    let react = "\"reactions\": [{\"name\": \"a\", \"users\": [\"U1\"]}]"
    var run = SlackRun(
      try SlackSamples.plan(entry(1, "U1", react), entry(2, "U1", "\"thread_ts\": \"1.0\"")))
    _ = advance(&run)
    answer(&run, 0)
    #expect(advance(&run) == ["1", "wait"])
    run.answered(1, .failure(refusal))
    #expect(advance(&run) == ["drop 2: content_too_large", "3"])
  }

  @Test("what is about a message that was answered too long ago was answered too")
  func expired() throws {
    var run = SlackRun(
      try SlackSamples.plan(
        entry(1, "U1"),
        entry(
          2, "U1",
          "\"thread_ts\": \"1.0\", \"reactions\": [{\"name\": \"a\", \"users\": [\"U1\"]}]")))
    _ = advance(&run)
    answer(&run, 0)
    _ = advance(&run)
    run.answered(1, .failure(DaybookError(.duplicateExpired, "long ago")))
    #expect(advance(&run) == ["drop 2: duplicate_expired", "drop 3: duplicate_expired"])
    #expect(run.isExhausted)
  }
}

/// A server that answers what it was sent in an order of its own.
@Suite("A Slack import against a slow server")
struct SlackRunCourseTests {
  @Test("every plan comes to its end, in its order, whatever is answered or refused first")
  func ends() throws {
    var random = SystemRandomNumberGenerator()
    for conversation in try SlackSamples.fixture().conversations {
      let plan = try SlackSamples.fixture(conversation.id)
      for _ in 0..<200 {
        let refused = Bool.random(using: &random) ? Int.random(in: 0..<40, using: &random) : -1
        let issued = course(plan, refused: refused, &random)
        #expect(issued == issued.sorted() && Set(issued).count == issued.count)
        let isWhole = refused < 0 || refused >= plan.commands.count
        #expect(!isWhole || issued == Array(plan.commands.indices))
      }
    }
  }

  /// The commands that were issued or dropped, in that order.
  private func course(
    _ plan: SlackPlan, refused: Int, _ random: inout SystemRandomNumberGenerator
  ) -> [Int] {
    var run = SlackRun(plan)
    var issued: [Int] = []
    var open: [Int] = []
    while true {
      switch run.next() {
      case .issue(let index, let target):
        if let message = plan.commands[index].target, message != refused {
          #expect(target.rawValue == UInt64(message + 1))
        }
        issued.append(index)
        open.append(index)
      case .drop(let index, _): issued.append(index)
      case .wait, .end:
        guard !open.isEmpty else {
          #expect(run.isExhausted, "nothing would ever go on")
          return issued
        }
        let index = open.remove(at: Int.random(in: 0..<open.count, using: &random))
        let isRefused = index == refused
        run.answered(
          index,
          isRefused
            ? .failure(DaybookError(.contentTooLarge, "no"))
            : .success(MessageID(UInt64(index + 1))))
      }
    }
  }
}
