import DaybookModel
import Testing

@testable import Importing

@Suite("The plan of a whole Slack export")
struct SlackFixtureTests {
  @Test("a channel with everything that Slack writes")
  func general() throws {
    let plan = try SlackSamples.fixture("general")
    #expect(
      SlackSamples.shown(plan) == [
        "u01 makes general, open", "u01 describes: What concerns everybody",
        "u01 says: Hello @everyone, welcome @Ben Okafor & all the others", "u03 joins",
        "u03 reacts to 2: 🎉", "u02 joins", "u02 reacts to 2: 👋", "u02 reacts to 2: 🎉",
        "u02 answers 2: Thanks, @Anna Berg! See #garden and the map (https://garden.example.com/map)",
        "u03 says: _waves_", "bot-b01 joins",
        "bot-b01 says: Build 7 (https://ci.example.com/7) passed: 3 < 5",
        "u02 says: Lunch at half past twelve?", "u01 says: Meeting at three",
        "u01 edits 13: Meeting at four", "u04 joins", "u04 says: I should not have said this",
        "u01 recalls 16", "u03 answers 2: And from me too",
        "u02 says: The plan\n[file: plan.pdf, https://files.example.com/F01/plan.pdf]",
        "u01 describes: Spring & seeds\nWhat concerns everybody", "u03 leaves",
        "u02 says: An answer to what is gone", "u05 joins",
        "u05 says: I write without having joined", "u02 says: About the plan: well done",
      ])
    #expect(
      plan.skipped == [
        "pinned_item": 1, "reminder_add": 1, "reaction_unnamed": 2, "tombstone": 1,
        "message_changed": 1, "empty": 1,
      ])
  }

  @Test("public, private and direct conversations, and one of several")
  func others() throws {
    #expect(
      SlackSamples.shown(try SlackSamples.fixture("garden")) == [
        "u02 makes garden, open", "u02 says: Who has seeds? seeds@example.com", "u01 joins",
        "u01 reacts to 1: 👍🏻", "u03 joins", "u02 describes: Beds and borders",
      ])
    #expect(
      SlackSamples.shown(try SlackSamples.fixture("board")) == [
        "u01 makes board, invitation", "u01 says: Only for the board", "u01 invites u02",
        "u02 joins", "u01 leaves", "u02 says: I am here now", "u02 invites u03", "u03 joins",
      ])
    #expect(
      SlackSamples.shown(try SlackSamples.fixture("mpdm-anna--ben--cleo-1")) == [
        "u01 makes mpdm-anna--ben--cleo-1, invitation", "u01 invites u02", "u02 joins",
        "u01 invites u03", "u03 joins",
      ])
    #expect(
      SlackSamples.shown(try SlackSamples.fixture("D01")) == [
        "u01 (to u02) says: Do you have a minute?", "u02 (to u01) reacts to 0: 👀",
        "u02 (to u01) answers 0: Sure", "u02 (to u01) says: Or in ten",
        "u02 (to u01) edits 3: Or in twenty", "u01 (to u02) says: Not meant for you",
        "u01 (to u02) recalls 5",
      ])
  }

  @Test("no two commands have the same number, and reading again makes the same ones")
  func numbers() throws {
    var seen: Set<String> = []
    for conversation in try SlackSamples.fixture().conversations {
      let plan = try SlackSamples.fixture(conversation.id)
      for command in plan.commands {
        #expect(seen.insert("\(command.origin) \(command.number)").inserted)
      }
      #expect(try SlackSamples.fixture(conversation.id).commands == plan.commands)
    }
  }
}

@Suite("The numbers of a Slack import")
struct SlackNumbersTests {
  /// What is issued under each number.
  private func issued(_ plan: SlackSamples.Planned) -> [String: String] {
    var issued: [String: String] = [:]
    for command in plan.commands {
      let action = SlackSamples.shown(
        SlackSamples.Planned(
          commands: [command], skipped: [:], conversation: plan.conversation,
          findings: SlackFindings()))
      let old = issued.updateValue(action.joined(), forKey: "\(command.origin) \(command.number)")
      #expect(old == nil, "two commands have one number")
    }
    return issued
  }

  private static let days = [
    [
      SlackSamples.entry(
        1, "ANN", "one", "\"reactions\": [{\"name\": \"a\", \"users\": [\"CAT\"]}]"),
      SlackSamples.entry(2, "BOB", "two"), SlackSamples.entry(3, "BOB", subtype: "channel_leave"),
    ],
    [
      SlackSamples.entry(90_000, "BOB", "back"), SlackSamples.entry(90_001, "CAT", "three"),
      SlackSamples.entry(90_002, "ANN", subtype: "channel_topic", "\"topic\": \"T\""),
    ],
    [
      SlackSamples.entry(180_000, "BOB", "four"),
      SlackSamples.entry(180_001, "", subtype: "message_deleted", "\"deleted_ts\": \"180000.0\""),
    ],
  ]

  private func plan(_ days: [[String]]) throws -> SlackSamples.Planned {
    try SlackSamples.plan(members: ["ANN", "DAN"], days: days.map { $0.joined(separator: ",") })
  }

  @Test(
    "those of an entry are the same in an export without some days, or some entries",
    arguments: [[0, 1], [0, 2], [1, 2], [0], [1], [2]])
  func parts(of kept: [Int]) throws {
    let whole = issued(try plan(SlackNumbersTests.days))
    let part = issued(try plan(kept.map { SlackNumbersTests.days[$0] }))
    let known = part.filter { whole[$0.key] != nil }
    // But for the owner's last word, all that a part has is under the same number in the whole.
    #expect(known.count >= part.count - 1)
    for (number, action) in known where !action.contains("reacts") && !action.contains("recalls") {
      #expect(whole[number] == action)
    }
  }

  @Test("an entry that is gone moves no other one's")
  func gone() throws {
    var days = SlackNumbersTests.days
    days[0].remove(at: 0)
    let (whole, part) = (issued(try plan(SlackNumbersTests.days)), issued(try plan(days)))
    #expect(part.keys.allSatisfy { whole[$0] != nil })
  }

  @Test(
    "they rise from entry to entry, so that new ones are told from old without a look at the log")
  func rising() throws {
    let plan = try SlackSamples.fixture("general")
    for lane in SlackNumbers.Lane.allCases {
      var last: [Origin: UInt64] = [:]
      let ofEntries: [SlackCommand.Role] = [.message, .reply, .reaction, .edit, .deletion, .topic]
      for command in plan.commands where command.lane == lane && ofEntries.contains(command.role) {
        #expect(command.number > last[command.origin] ?? 0)
        last[command.origin] = command.number
      }
      #expect(last.count == 1)
    }
  }

  @Test("names change none of them, neither people's nor the channel's")
  func renamed() throws {
    let days = SlackNumbersTests.days.map { $0.joined(separator: ",") }
    let before = try SlackSamples.plan(SlackSamples.files(days: days))
    let users = SlackSamples.users.replacing("ann", with: "anne").replacing("bob", with: "bea")
    let after = try SlackSamples.plan(
      SlackSamples.files(days: days, users: users, name: "renamed"))
    func numbers(_ plan: SlackSamples.Planned) -> [String] {
      plan.commands.dropLast().map {
        "\($0.origin) \($0.number) \($0.user) \($0.conversation.text)"
      }
    }
    #expect(numbers(before) == numbers(after))
    #expect(SlackSamples.shown(after)[0] == "ann makes renamed, open")
  }

  @Test("they are the same on every machine: what was imported once is known for good")
  func stable() throws {
    #expect(
      "\(SlackNumbers.origin(["slack", "C1", "talk", "day", "2024-03-01", "0"]))"
        == "e9db701a07d62507ab491718683f0e2f")
    #expect(SlackNumbers.origin(["ab", "c"]) != SlackNumbers.origin(["a", "bc"]))
    let plan = try SlackSamples.plan(SlackSamples.entry(1, "BOB", "x"))
    #expect(plan.commands[2].number == 1_000_000 << 10)
    #expect(
      plan.commands.prefix(3).map { "\($0.origin)" }
        == ["opening", "joins", "messages"].map {
          "\(SlackNumbers.origin(["slack by id", "C1", $0]))"
        })
  }
}
