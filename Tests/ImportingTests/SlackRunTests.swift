import DaybookModel
import Testing

@testable import Importing

@Suite("The course of a Slack import's commands")
struct SlackRunTests {
  /// Issues what may be issued: `5` for a command, `5<4` for one that was given the id of 4's
  /// message, which is 1,000 more than its place.
  private func advance(_ run: inout SlackRun) -> [String] {
    var steps: [String] = []
    while true {
      switch run.next() {
      case .issue(let index, .none): steps.append("\(index)")
      case .issue(let index, let target): steps.append("\(index)<\(target.rawValue - 1000)")
      case .inquire(let index): steps.append("inquire \(index)")
      case .issueAlone(let index, let target):
        steps.append("alone \(index)<\(target.rawValue - 1000)")
      case .pass: break
      case .drop(let index, let code): steps.append("drop \(index): \(code)")
      case .wait: return steps + ["wait"]
      case .end: return steps
      }
    }
  }

  private func started(_ plan: SlackSamples.Planned) -> SlackRun {
    var run = SlackRun()
    run.take(plan.commands, from: 0)
    return run
  }

  private func answer(_ run: inout SlackRun, _ indices: Int...) {
    for index in indices {
      #expect(run.answered(index, .success(MessageID(UInt64(1000 + index)))) == .counts)
    }
  }

  private func refuse(_ run: inout SlackRun, _ index: Int, _ code: ErrorCode) -> SlackRun.Verdict {
    run.answered(index, .failure(DaybookError(code, "no")))
  }

  private func entry(_ at: Int, _ user: String, _ more: String = "") -> String {
    SlackSamples.entry(at, user, "text \(at)", more)
  }

  @Test("nothing follows the making of a group, or a join, before that is answered; then all goes")
  func opening() throws {
    var run = started(
      try SlackSamples.plan(
        entry(1, "ANN"), entry(2, "ANN"), entry(3, "BOB"), entry(4, "ANN"), entry(5, "BOB")))
    #expect(advance(&run) == ["0", "wait"])
    answer(&run, 0)
    #expect(advance(&run) == ["1", "2", "wait"])
    answer(&run, 2, 1)
    #expect(advance(&run) == ["3", "wait"])
    answer(&run, 3)
    #expect(advance(&run) == ["4", "5", "6", "wait"])
    answer(&run, 4, 5, 6)
    #expect(advance(&run).isEmpty && run.isExhausted)
  }

  @Test("a group that can't be made is left alone")
  func foreign() throws {
    var run = started(try SlackSamples.plan(entry(1, "ANN"), entry(2, "BOB")))
    _ = advance(&run)
    #expect(refuse(&run, 0, .groupExists) == .counts)
    #expect(advance(&run).isEmpty && run.isExhausted && run.isAbandoned)
  }

  @Test("a reply waits for its message and takes its id")
  func reply() throws {
    var run = started(
      try SlackSamples.plan(
        entry(1, "ANN"), entry(2, "ANN"), entry(3, "ANN", "\"thread_ts\": \"1.0\""), entry(4, "ANN")
      ))
    _ = advance(&run)
    answer(&run, 0)
    #expect(advance(&run) == ["1", "2", "wait"])
    answer(&run, 2)
    #expect(advance(&run) == ["wait"])
    answer(&run, 1)
    #expect(advance(&run) == ["3<1", "4", "wait"])
  }

  @Test("days don't wait for one another")
  func days() throws {
    var run = started(
      try SlackSamples.plan(
        days: [entry(1, "ANN") + "," + entry(2, "ANN"), entry(90_000, "ANN")]))
    _ = advance(&run)
    answer(&run, 0)
    #expect(advance(&run) == ["1", "2", "3", "wait"])
  }

  @Test("what was there in other words is done; its id is asked for where others are about it")
  func otherwise() throws {
    var run = started(
      try SlackSamples.plan(
        entry(1, "ANN"), entry(2, "ANN"), entry(3, "ANN", "\"thread_ts\": \"1.0\"")))
    _ = advance(&run)
    #expect(refuse(&run, 0, .numberConflict) == .importedOtherwise)
    #expect(advance(&run) == ["1", "2", "wait"])
    #expect(refuse(&run, 1, .numberConflict) == .nothing)
    #expect(refuse(&run, 2, .numberConflict) == .importedOtherwise)
    #expect(advance(&run) == ["inquire 1", "wait"])
    #expect(run.answered(1, .success(MessageID(1077))) == .importedOtherwise)
    #expect(advance(&run) == ["3<77", "wait"])
    answer(&run, 3)
    // The group had other settings, so it is told its title.
    #expect(advance(&run) == ["4", "wait"])
    answer(&run, 4)
    #expect(advance(&run).isEmpty && run.isExhausted)
  }

  @Test("a reaction whose number was another's is given under a number of its own")
  func alone() throws {
    let react = "\"reactions\": [{\"name\": \"a\", \"users\": [\"ANN\"]}]"
    var run = started(try SlackSamples.plan(entry(1, "ANN", react)))
    _ = advance(&run)
    answer(&run, 0)
    _ = advance(&run)
    answer(&run, 1)
    #expect(advance(&run) == ["2<1", "wait"])
    #expect(refuse(&run, 2, .numberConflict) == .nothing)
    #expect(!run.isExhausted)
    #expect(advance(&run) == ["alone 2<1", "wait"])
    #expect(run.answered(2, .success(MessageID(1))) == .counts)
    #expect(advance(&run).isEmpty && run.isExhausted)
  }

  @Test("reactions go together with what follows, but not with a leave or a recall")
  func reactions() throws {
    let react = "\"reactions\": [{\"name\": \"a\", \"users\": [\"ANN\", \"BOB\"]}]"
    var run = started(
      try SlackSamples.plan(
        SlackSamples.entry(1, "BOB", subtype: "channel_join"), entry(2, "ANN", react),
        entry(3, "ANN"),
        SlackSamples.entry(4, "BOB", subtype: "channel_leave"), entry(5, "ANN"),
        SlackSamples.entry(6, "ANN", subtype: "message_deleted", "\"deleted_ts\": \"5.0\"")))
    _ = advance(&run)
    answer(&run, 0)
    #expect(advance(&run) == ["1", "wait"])
    answer(&run, 1)
    #expect(advance(&run) == ["2", "wait"])
    answer(&run, 2)
    #expect(advance(&run) == ["3<2", "4<2", "5", "wait"])
    answer(&run, 5, 3)
    #expect(advance(&run) == ["wait"])
    answer(&run, 4)
    #expect(advance(&run) == ["6", "7", "wait"])
    answer(&run, 6, 7)
    #expect(advance(&run) == ["8<7", "wait"])
  }

  @Test("in a direct conversation what one says waits for what the other said")
  func turns() throws {
    let members = ["ANN", "BOB"]
    var run = started(
      try SlackSamples.plan(
        .dms, members: members, entry(1, "ANN"), entry(2, "ANN"), entry(3, "BOB"), entry(4, "ANN")))
    #expect(advance(&run) == ["0", "1", "wait"])
    answer(&run, 0)
    #expect(advance(&run) == ["wait"])
    answer(&run, 1)
    #expect(advance(&run) == ["2", "wait"])
    answer(&run, 2)
    #expect(advance(&run) == ["3", "wait"])
  }

  @Test("what is about a message that was refused is dropped; a reply goes without it")
  func refused() throws {
    let react = "\"reactions\": [{\"name\": \"a\", \"users\": [\"ANN\"]}]"
    var run = started(
      try SlackSamples.plan(entry(1, "ANN", react), entry(2, "ANN", "\"thread_ts\": \"1.0\"")))
    _ = advance(&run)
    answer(&run, 0)
    #expect(advance(&run) == ["1", "wait"])
    #expect(refuse(&run, 1, .contentTooLarge) == .counts)
    #expect(advance(&run) == ["drop 2: content_too_large", "3", "wait"])
  }

  @Test("what is about a message that was answered too long ago was answered too")
  func expired() throws {
    var run = started(
      try SlackSamples.plan(
        entry(1, "ANN"),
        entry(
          2, "ANN",
          "\"thread_ts\": \"1.0\", \"reactions\": [{\"name\": \"a\", \"users\": [\"ANN\"]}]")))
    _ = advance(&run)
    answer(&run, 0)
    _ = advance(&run)
    #expect(refuse(&run, 1, .duplicateExpired) == .counts)
    #expect(advance(&run) == ["drop 2: duplicate_expired", "drop 3: duplicate_expired"])
    #expect(run.isExhausted)
  }
}

@Suite("How often a Slack import waits for the server")
struct SlackRoundTests {
  /// Round trips until all is answered, where each brings the answers to all that was on its way, at
  /// most `window` commands.
  private func rounds(_ entries: [String], window: Int = 256) throws -> Int {
    let plan = try SlackSamples.plan(days: [entries.joined(separator: ",")])
    var run = SlackRun()
    run.take(plan.commands, from: 0)
    var rounds = 0
    while !run.isExhausted {
      var open: [Int] = []
      issuing: while open.count < window {
        switch run.next() {
        case .issue(let index, _): open.append(index)
        case .drop, .pass: continue
        case .inquire, .issueAlone: Issue.record("nothing was there before")
        case .wait, .end: break issuing
        }
      }
      for index in open { _ = run.answered(index, .success(MessageID(UInt64(index + 1)))) }
      if !open.isEmpty { rounds += 1 }
    }
    return rounds
  }

  private func reply(_ at: Int, to thread: Int) -> String {
    SlackSamples.entry(at, "ANN", "text \(at)", "\"thread_ts\": \"\(thread).0\"")
  }

  @Test(
    "replies go together, as many as are let: a message is waited for once, however many follow")
  func replies() throws {
    let count = 5_120
    // The group, the message that all answer, then the window over and over.
    let all = (1...count).map { $0 == 1 ? SlackSamples.entry(1, "ANN", "x") : reply($0, to: 1) }
    #expect(try rounds(all) <= count / 256 + 3)
    // Threads of ten, one behind the other: each waits for its first message.
    let threads = (0..<count).map { at in
      at % 10 == 0 ? SlackSamples.entry(at + 1, "ANN", "x") : reply(at + 1, to: at / 10 * 10 + 1)
    }
    #expect(try rounds(threads) <= count / 10 + 2)
    // Threads of a thousand messages each, all at once: their first ones are answered long before.
    let mixed = (1...count).map {
      $0 <= 5 ? SlackSamples.entry($0, "ANN", "x") : reply($0, to: $0 % 5 + 1)
    }
    #expect(try rounds(mixed) <= count / 256 + 3)
    // As many messages that answer nothing.
    let plain = (1...count).map { SlackSamples.entry($0, "ANN", "x") }
    #expect(try rounds(plain) == count / 256 + 1)
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
    _ plan: SlackSamples.Planned, refused: Int, _ random: inout SystemRandomNumberGenerator
  ) -> [Int] {
    var run = SlackRun()
    run.take(plan.commands, from: 0)
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
      case .drop(let index, _), .pass(let index): issued.append(index)
      case .inquire, .issueAlone: Issue.record("nothing was there before")
      case .wait, .end:
        guard !open.isEmpty else {
          #expect(run.isExhausted, "nothing would ever go on")
          return issued
        }
        let index = open.remove(at: Int.random(in: 0..<open.count, using: &random))
        let isRefused = index == refused
        _ = run.answered(
          index,
          isRefused
            ? .failure(DaybookError(.contentTooLarge, "no"))
            : .success(MessageID(UInt64(index + 1))))
      }
    }
  }
}
