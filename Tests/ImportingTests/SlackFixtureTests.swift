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
        "anna makes general, open", "anna describes: What concerns everybody",
        "anna says: Hello @everyone, welcome @ben & all the others", "ben joins",
        "ben reacts to 2: :tada:", "cleo joins", "cleo reacts to 2: :tada:",
        "ben reacts to 2: :wave:", "ben joins",
        "ben answers 2: Thanks, @anna! See #garden and the map (https://garden.example.com/map)",
        "cleo joins", "cleo says: _waves_", "bot-b01 joins",
        "bot-b01 says: Build 7 (https://ci.example.com/7) passed: 3 < 5",
        "ben says: Lunch at half past twelve?", "anna says: Meeting at three",
        "anna edits 15: Meeting at four", "anna-u04 joins",
        "anna-u04 says: I should not have said this", "anna recalls 18",
        "cleo answers 2: And from me too",
        "ben says: The plan\n[file: plan.pdf, https://files.example.com/F01/plan.pdf]",
        "anna describes: Spring & seeds\nWhat concerns everybody", "cleo leaves",
        "ben says: An answer to what is gone", "u05 joins",
        "u05 says: I write without having joined",
        "ben says: About the plan: well done",
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
        "ben makes garden, open", "ben says: Who has seeds? seeds@example.com", "anna joins",
        "anna reacts to 1: :+1::skin-tone-2:", "cleo joins", "ben describes: Beds and borders",
      ])
    #expect(
      SlackSamples.shown(try SlackSamples.fixture("board")) == [
        "anna makes board, invitation", "anna says: Only for the board", "anna invites ben",
        "ben joins", "anna leaves", "ben says: I am here now", "ben invites cleo", "cleo joins",
      ])
    #expect(
      SlackSamples.shown(try SlackSamples.fixture("mpdm-anna--ben--cleo-1")) == [
        "anna makes mpdm-anna--ben--cleo-1, invitation", "anna invites ben", "ben joins",
        "anna invites cleo", "cleo joins",
      ])
    #expect(
      SlackSamples.shown(try SlackSamples.fixture("D01")) == [
        "anna (to ben) says: Do you have a minute?", "ben (to anna) reacts to 0: :eyes:",
        "ben (to anna) answers 0: Sure", "ben (to anna) says: Or in ten",
        "ben (to anna) edits 3: Or in twenty", "anna (to ben) says: Not meant for you",
        "anna (to ben) recalls 5",
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
  private func numbers(_ id: String = "C1") throws -> SlackNumbers {
    let entry = "[{\"id\": \"\(id)\", \"name\": \"talk\"}]"
    return SlackNumbers(try SlackSamples.export(["channels.json": entry]).conversations[0])
  }

  @Test("an origin has at most 512 numbers, which a partition remembers all, as they are issued")
  func chunks() throws {
    var numbers = try numbers()
    numbers.begin("day", "2024-03-01")
    var given: [Origin: [UInt64]] = [:]
    for index in 0..<1500 {
      for lane in SlackNumbers.Lane.allCases where index % (lane.rawValue + 1) == 0 {
        let number = numbers.next(lane)
        given[number.origin, default: []].append(number.number)
      }
    }
    #expect(given.values.allSatisfy { $0 == Array(1...UInt64($0.count)) && $0.count <= 512 })
    #expect(given.values.map(\.count).sorted() == [238, 476, 512, 512, 512])
    #expect(512 < Limits.originWindow)
  }

  @Test("they are the day's and the conversation's own")
  func apart() throws {
    var origins: Set<Origin> = []
    for id in ["C1", "C2"] {
      var numbers = try numbers(id)
      for day in ["2024-03-01", "2024-03-02"] {
        numbers.begin("day", day)
        let first = numbers.next(.messages)
        #expect(first.number == 1)
        #expect(origins.insert(first.origin).inserted)
      }
    }
  }

  @Test("they are the same on every machine: what was imported once is known for good")
  func stable() {
    #expect(
      "\(SlackNumbers.origin(["slack", "C1", "talk", "day", "2024-03-01", "0"]))"
        == "e9db701a07d62507ab491718683f0e2f")
    #expect(SlackNumbers.origin(["ab", "c"]) != SlackNumbers.origin(["a", "bc"]))
  }

  @Test("another day's entries change no number of this one")
  func days() throws {
    let day = SlackSamples.entry(90_000, "U1", "b")
    func numbers(_ days: [String]) throws -> [String] {
      try SlackSamples.plan(days: days).commands.filter { $0.role == .message }.suffix(1)
        .map { "\($0.origin) \($0.number)" }
    }
    #expect(try numbers([SlackSamples.entry(1, "U1", "a"), day]) == numbers(["", day]))
  }
}
