import DaybookModel
import Testing

@testable import Importing

@Suite("The plan of a Slack conversation")
struct SlackPlanTests {
  private func entry(_ at: Int, _ user: String, _ text: String, _ more: String = "") -> String {
    SlackSamples.entry(at, user, text, more)
  }

  private func entry(_ at: Int, _ user: String, subtype: String, _ more: String = "") -> String {
    SlackSamples.entry(at, user, subtype: subtype, more)
  }

  private func shown(_ plan: SlackSamples.Planned) -> [String] { SlackSamples.shown(plan) }

  // MARK: members

  @Test("the creator makes the group; who speaks without having joined joins first, once")
  func impliedJoin() throws {
    let plan = try SlackSamples.plan(
      entry(1, "BOB", "one"), entry(2, "BOB", "two"), entry(3, "ANN", "x"))
    #expect(
      shown(plan) == [
        "ann makes talk, open", "bob joins", "bob says: one", "bob says: two", "ann says: x",
      ])
    #expect(
      plan.commands.map(\.role) == [.opening, .join, .message, .message, .message, .opening])
  }

  @Test("joins and leaves are followed as they are stated; who is there already doesn't join")
  func membership() throws {
    let plan = try SlackSamples.plan(
      entry(1, "ANN", subtype: "channel_join"), entry(2, "BOB", subtype: "channel_join"),
      entry(3, "BOB", subtype: "channel_leave"), entry(4, "BOB", "back"),
      entry(5, "CAT", subtype: "channel_leave"))
    #expect(
      shown(plan) == [
        "ann makes talk, open", "bob joins", "bob leaves", "bob joins", "bob says: back",
      ])
    #expect(plan.skipped == ["channel_leave": 1])
  }

  @Test("listed members who never appeared join at the end; who left isn't brought back")
  func lateMembers() throws {
    let plan = try SlackSamples.plan(
      members: ["CAT", "BOB", "ANN"], entry(1, "BOB", "one"),
      entry(2, "BOB", subtype: "channel_leave"))
    #expect(shown(plan).suffix(2) == ["bob leaves", "cat joins"])
  }

  @Test(
    "into a private group the owner invites; when the owner goes, whoever was there longest does")
  func invitation() throws {
    let plan = try SlackSamples.plan(
      .groups, entry(1, "BOB", subtype: "group_join"), entry(2, "CAT", "hi"),
      entry(3, "ANN", subtype: "group_leave"), entry(4, "DAN", "ho"))
    #expect(
      shown(plan) == [
        "ann makes talk, invitation", "ann invites bob", "bob joins", "ann invites cat",
        "cat joins", "cat says: hi", "ann leaves", "bob invites dan", "dan joins", "dan says: ho",
      ])
    #expect(plan.commands[1].role == .opening && plan.commands[2].role == .join)
  }

  @Test("the last one leaves a private group only when there is somebody else to invite others")
  func lastOne() throws {
    let left = entry(1, "ANN", subtype: "group_leave")
    let others = try SlackSamples.plan(.groups, left, entry(2, "BOB", "hi"))
    #expect(
      shown(others) == [
        "ann makes talk, invitation", "ann invites bob", "bob joins", "ann leaves", "bob says: hi",
      ])
    let nobody = try SlackSamples.plan(.groups, left)
    #expect(shown(nobody) == ["ann makes talk, invitation", "ann leaves"])
    let again = try SlackSamples.plan(
      .groups, left, entry(2, "ANN", "I stay"), entry(3, "BOB", "hi"))
    #expect(!shown(again).contains("ann leaves"))
  }

  @Test("who first comes into an open group that everybody left owns it")
  func emptied() throws {
    let plan = try SlackSamples.plan(
      entry(1, "ANN", subtype: "channel_leave"), entry(2, "BOB", "hi"),
      entry(3, "CAT", subtype: "channel_topic", "\"topic\": \"T\""))
    #expect(shown(plan).suffix(2) == ["bob says: hi", "bob describes: T"])
  }

  @Test(
    "topic and purpose make the description, set by the owner, and in the end it is the export's")
  func topics() throws {
    let plan = try SlackSamples.plan(
      topic: "third",
      days: [
        [
          entry(1, "BOB", subtype: "channel_topic", "\"topic\": \"first &amp; best\""),
          entry(2, "BOB", subtype: "channel_purpose", "\"purpose\": \"second\""),
          entry(3, "BOB", subtype: "channel_topic"),
        ].joined(separator: ",")
      ])
    #expect(
      shown(plan).dropFirst() == [
        "ann describes: first & best", "ann describes: first & best\nsecond",
        "ann describes: third\nsecond",
      ])
    #expect(plan.commands.map(\.role).suffix(4) == [.topic, .topic, .opening, .opening])
    #expect(plan.skipped == ["channel_topic": 1])
  }

  // MARK: messages

  @Test("a message has its time in milliseconds, and the author's name where that isn't the id")
  func message() throws {
    let plan = try SlackSamples.plan(
      "{\"type\": \"message\", \"ts\": \"1.123456\", \"user\": \"DAN\", \"text\": \"<@ANN>\"}"
    )
    guard case .send(let sending) = plan.commands[2].action else {
      Issue.record("the third command is no send")
      return
    }
    #expect(sending.time.rfc3339 == "1970-01-01T00:00:01.123Z" && sending.senderName == "Dan D.")
    #expect(sending.text.mentions.map(\.text) == ["ann"])
  }

  @Test("entries count by their time, days by their date, whatever the order they are given in")
  func order() throws {
    let plan = try SlackSamples.plan(entry(3, "ANN", "three"), entry(1, "ANN", "one"))
    #expect(shown(plan).dropFirst() == ["ann says: one", "ann says: three"])
  }

  @Test("replies answer the first message of their thread, also from a later day")
  func replies() throws {
    let thread = "\"thread_ts\": \"1.000000\""
    let plan = try SlackSamples.plan(days: [
      entry(1, "ANN", "one", thread) + "," + entry(2, "ANN", "two", thread),
      entry(90_000, "BOB", "three", thread + ", \"subtype\": \"thread_broadcast\"") + ","
        + entry(90_001, "BOB", "four", "\"thread_ts\": \"7.0\""),
    ])
    #expect(
      shown(plan).dropFirst() == [
        "ann says: one", "ann answers 1: two", "bob joins", "bob answers 1: three",
        "bob says: four",
      ])
    #expect(plan.commands.map(\.role).suffix(5) == [.reply, .join, .reply, .message, .opening])
    #expect(plan.referenced == [1])
  }

  @Test("a reply to what its author can't see is sent as a message; one to what was deleted isn't")
  func unseenParents() throws {
    let thread = "\"thread_ts\": \"3.0\""
    let plan = try SlackSamples.plan(
      entry(1, "BOB", "one"), entry(2, "BOB", subtype: "channel_leave"), entry(3, "ANN", "two"),
      entry(4, "BOB", "back", thread), entry(5, "CAT", "new here", thread),
      entry(6, "ANN", subtype: "message_deleted", "\"deleted_ts\": \"3.0\""),
      entry(7, "CAT", "too late", thread))
    let said = shown(plan).filter { $0.contains("says") || $0.contains("answers") }
    #expect(
      said == [
        "bob says: one", "ann says: two", "bob says: back", "cat answers 4: new here",
        "cat answers 4: too late",
      ])
  }

  @Test(
    "whatever people or programs say is a message",
    arguments: [
      ("\"user\": \"ANN\", \"text\": \"waves\", \"subtype\": \"me_message\"", "ann says: _waves_"),
      (
        "\"bot_id\": \"B1\", \"username\": \"CI\", \"text\": \"done\"",
        "bot-b1 says: done"
      ),
      (
        "\"username\": \"C I\", \"text\": \"done\", \"subtype\": \"bot_message\"",
        "bot-c-i says: done"
      ),
      ("\"user\": \"ANN\", \"bot_id\": \"B1\", \"text\": \"done\"", "ann says: done"),
      (
        """
        "bot_id": "B1", "text": "", "attachments": [{"fallback": "f", "text": "a &lt; b"},
        {"fallback": "only this"}, {}]
        """, "bot-b1 says: a < b\nonly this"
      ),
      (
        """
        "user": "ANN", "text": "see", "files": [{"name": "a.pdf", "url_private": "https://x/a?t=1"},
        {"title": "B", "permalink": "https://x/b"}, {"mode": "tombstone"}]
        """,
        "ann says: see\n[file: a.pdf, https://x/a]\n[file: B, https://x/b]\n[file: without a name]"
      ),
      (
        "\"subtype\": \"file_comment\", \"comment\": {\"user\": \"ANN\", \"comment\": \"ok\"}",
        "ann says: ok"
      ),
      (
        "\"user\": \"USLACKBOT\", \"text\": \"hi\", \"subtype\": \"slackbot_response\"",
        "slackbot says: hi"
      ),
    ])
  func spoken(members: String, expected: String) throws {
    let plan = try SlackSamples.plan("{\"type\": \"message\", \"ts\": \"1.0\", \(members)}")
    #expect(shown(plan).last == expected, "\(shown(plan))")
    #expect(plan.skipped.isEmpty)
  }

  @Test("what nothing is made of is counted by what it is")
  func skipped() throws {
    let plan = try SlackSamples.plan(
      entry(1, "ANN", "one"), entry(1, "ANN", "one again"), entry(2, "ANN", ""),
      entry(3, "ANN", subtype: "pinned_item"), entry(4, "ANN", subtype: "pinned_item"),
      entry(5, "ANN", subtype: "tombstone"), entry(6, "", "nobody's"),
      entry(7, "ANN", subtype: "Not \\\"a\\\" name"),
      "{\"type\": \"other_type\", \"ts\": \"8.0\"}")
    #expect(shown(plan).dropFirst() == ["ann says: one"])
    #expect(
      plan.skipped == [
        "duplicate": 1, "empty": 1, "pinned_item": 2, "tombstone": 1, "no_author": 1, "other": 1,
        "other_type": 1,
      ])
  }

  // MARK: what happens to messages

  @Test("everybody named reacts, with the emoji's name between colons; who isn't there yet joins")
  func reactions() throws {
    let reactions = """
      "reactions": [{"name": "tada", "users": ["ANN", "BOB"], "count": 5},
        {"name": "\(String(repeating: "x", count: 63))", "users": ["ANN"]}, {"users": ["ANN"]}]
      """
    let plan = try SlackSamples.plan(entry(1, "ANN", "one", reactions))
    #expect(
      Set(shown(plan).suffix(3)) == ["ann reacts to 1: 🎉", "bob joins", "bob reacts to 1: 🎉"])
    #expect(plan.skipped == ["reaction_unnamed": 3, "reaction": 2])
  }

  @Test("whoever reacted, a message has the same number")
  func reactionsMoveNothing() throws {
    func numbers(_ plan: SlackSamples.Planned) -> [String] {
      plan.commands.filter { $0.lane == .messages && $0.role == .message }.map {
        "\($0.origin) \($0.number) \($0.user)"
      }
    }
    let reaction = "\"reactions\": [{\"name\": \"a\", \"users\": [\"BOB\"]}]"
    let more = [entry(2, "BOB", "two"), entry(3, "BOB", subtype: "channel_leave")]
    let with = try SlackSamples.plan(entry(1, "ANN", "one", reaction), more[0], more[1])
    let without = try SlackSamples.plan(entry(1, "ANN", "one"), more[0], more[1])
    #expect(
      shown(with).dropFirst(2) == [
        "bob joins", "bob reacts to 1: :a:", "bob says: two", "bob leaves",
      ])
    #expect(numbers(with) == numbers(without))
  }

  private func changed(_ at: Int, _ target: Int, _ text: String, previous: String? = nil) -> String
  {
    let before = previous.map { ", \"previous_message\": {\"text\": \"\($0)\"}" } ?? ""
    return entry(
      at, "", subtype: "message_changed",
      "\"message\": {\"ts\": \"\(target).0\", \"text\": \"\(text)\"}\(before)")
  }

  @Test("a change is an edit of what was said at first, also where the export shows the last text")
  func edits() throws {
    let plan = try SlackSamples.plan(days: [
      entry(1, "BOB", "third", "\"edited\": {\"ts\": \"9.0\"}"),
      changed(90_000, 1, "second", previous: "first") + ","
        + changed(90_001, 1, "second", previous: "second") + ","
        + changed(90_002, 1, "third", previous: "second") + "," + changed(90_003, 5, "unknown"),
    ])
    #expect(
      shown(plan).dropFirst(2) == ["bob says: first", "bob edits 2: second", "bob edits 2: third"])
    #expect(plan.skipped == ["message_changed": 2])
  }

  @Test("a change without what was before edits the text that the export shows")
  func editsForward() throws {
    let plan = try SlackSamples.plan(entry(1, "ANN", "first"), changed(2, 1, "second"))
    #expect(shown(plan).dropFirst() == ["ann says: first", "ann edits 1: second"])
  }

  @Test("only that a message was edited makes no edit: it is sent as it stands")
  func editedOnly() throws {
    let plan = try SlackSamples.plan(entry(1, "ANN", "last", "\"edited\": {\"ts\": \"9.0\"}"))
    #expect(shown(plan).dropFirst() == ["ann says: last"])
  }

  @Test("who edits after leaving is there again")
  func editAfterLeave() throws {
    let plan = try SlackSamples.plan(
      entry(1, "BOB", "first"), entry(2, "BOB", subtype: "channel_leave"), changed(3, 1, "second"))
    #expect(shown(plan).suffix(3) == ["bob leaves", "bob joins", "bob edits 2: second"])
  }

  private func deleted(_ at: Int, _ target: Int) -> String {
    entry(at, "", subtype: "message_deleted", "\"deleted_ts\": \"\(target).0\"")
  }

  @Test("what was deleted is recalled by the owner, once, and changed no more")
  func deletions() throws {
    let plan = try SlackSamples.plan(
      entry(1, "BOB", "one"), deleted(2, 1), deleted(3, 1), changed(4, 1, "two"), deleted(5, 99))
    #expect(shown(plan).dropFirst(2) == ["bob says: one", "ann recalls 2"])
    #expect(plan.skipped == ["message_deleted": 2, "message_changed": 1])
  }

  @Test("a thread's first message that was deleted is recalled though its replies stay")
  func tombstones() throws {
    let tombstone = entry(
      3, "", subtype: "message_changed",
      "\"message\": {\"ts\": \"1.0\", \"subtype\": \"tombstone\", \"text\": \"gone\"}")
    let plan = try SlackSamples.plan(
      entry(1, "ANN", "one"), entry(2, "ANN", "two", "\"thread_ts\": \"1.0\""), tombstone)
    #expect(shown(plan).suffix(2) == ["ann answers 1: two", "ann recalls 1"])
  }

  @Test("an owner who wasn't there leaves the recall to the author")
  func recallUnseen() throws {
    let plan = try SlackSamples.plan(
      entry(1, "BOB", "one"), entry(2, "ANN", subtype: "channel_leave"),
      entry(3, "BOB", subtype: "channel_leave"), entry(4, "CAT", "two"), entry(5, "ANN", "three"),
      entry(6, "CAT", subtype: "channel_leave"), deleted(7, 4))
    #expect(shown(plan).suffix(2) == ["cat joins", "cat recalls 6"])
  }

  // MARK: direct conversations

  @Test("direct messages go to the other one; what is about them, to where they are")
  func direct() throws {
    let plan = try SlackSamples.plan(
      .dms, members: ["ANN", "BOB"],
      entry(
        1, "ANN", "one",
        "\"reactions\": [{\"name\": \"a\", \"users\": [\"BOB\", \"ANN\", \"CAT\"]}]"),
      entry(2, "BOB", "two", "\"thread_ts\": \"1.0\""), changed(3, 2, "deux"), deleted(4, 1),
      entry(5, "ANN", subtype: "channel_join"))
    #expect(
      shown(plan) == [
        "ann (to bob) says: one", "bob (to ann) reacts to 0: :a:", "ann (to bob) reacts to 0: :a:",
        "bob (to ann) answers 0: two", "bob (to ann) edits 3: deux", "ann (to bob) recalls 0",
      ])
    #expect(
      plan.commands.map(\.stream.text) == [
        "user/bob", "user/bob", "user/bob", "user/ann", "user/ann", "user/bob",
      ])
    #expect(plan.skipped == ["reaction": 1, "channel_join": 1])
  }

  @Test("a program writes to one of the two; replies to it stay with it")
  func directBot() throws {
    let plan = try SlackSamples.plan(
      .dms, members: ["ANN", "BOB"],
      "{\"type\": \"message\", \"ts\": \"1.0\", \"bot_id\": \"B1\", \"text\": \"x\"}",
      entry(2, "BOB", "to ann", "\"thread_ts\": \"1.0\""))
    #expect(shown(plan) == ["bot-b1 (to ann) says: x", "bob (to ann) says: to ann"])
  }

  @Test("one may write to oneself")
  func oneself() throws {
    let plan = try SlackSamples.plan(.dms, members: ["ANN"], entry(1, "ANN", "note"))
    #expect(shown(plan) == ["ann (to ann) says: note"])
  }
}
