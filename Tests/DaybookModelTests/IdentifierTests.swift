import DaybookModel
import Testing

@Suite("Ids")
struct IdentifierTests {
  @Test(
    "what is inside the grammar is an id",
    arguments: [
      "a", "alice", "Alice", "#ubuntu", "[bob]", "x|y`z", "a.b-c_d", "日本語", "🙂", "e\u{301}",
      "\u{e9}", "\u{a0}", "user:1", "\\", "'\"", String(repeating: "x", count: 64),
      String(repeating: "é", count: 32),
    ])
  func accepted(text: String) throws {
    #expect(try UserID(text).text.utf8.elementsEqual(text.utf8))
    #expect(try GroupID(text).text.utf8.elementsEqual(text.utf8))
  }

  @Test(
    "what is outside the grammar is refused with invalid_id",
    arguments: [
      "", " ", "a b", "a/b", "/", "a\u{0}", "\u{1f}", "a\nb", "\t", "\u{7f}", "\u{80}", "a\u{9f}b",
      String(repeating: "x", count: 65), String(repeating: "é", count: 33),
    ])
  func refused(text: String) {
    let error = #expect(throws: DaybookError.self) { try UserID(text) }
    #expect(error?.code == .invalidID)
  }

  @Test("ids that look alike and differ in bytes are two ids, and so are their streams")
  func canonicalEquivalence() throws {
    let composed = "\u{e9}"
    let decomposed = "e\u{301}"
    #expect(composed == decomposed, "Swift calls the strings equal, which is the trap")
    #expect(try UserID(composed) != UserID(decomposed))
    #expect(try Set([UserID(composed), UserID(decomposed)]).count == 2)
    #expect(try UserID(decomposed) < UserID(composed))
    let streams = try [StreamKey.user(UserID(composed)), StreamKey.user(UserID(decomposed))]
    #expect(streams[0] != streams[1])
    #expect(streams[0].fingerprint != streams[1].fingerprint)
    #expect(Set(streams).count == 2)
  }

  @Test("ids are ordered by their bytes")
  func order() throws {
    let sorted = try ["é", "b", "B", "a", "aa"].map { try UserID($0) }.sorted()
    #expect(sorted.map(\.text) == ["B", "a", "aa", "b", "é"])
  }

  @Test("a stream's name is its kind and an id")
  func streams() throws {
    let alice = try StreamKey(parsing: "user/alice")
    #expect(alice.kind == .user && alice.id == "alice" && alice.text == "user/alice")
    #expect(alice.userID == (try UserID("alice")) && alice.groupID == nil)
    #expect(alice == .user(try UserID("alice")))
    let group = try StreamKey(parsing: "group/日本")
    #expect(group.kind == .group && group.id == "日本" && group.userID == nil)
    #expect(group == StreamKey(checked: "group/日本"))
  }

  @Test("an id that begins with a combining mark stays whole behind the slash")
  func combiningMark() throws {
    let id = try UserID("\u{301}x")
    let stream = try StreamKey(parsing: "user/\u{301}x")
    #expect(stream == .user(id))
    #expect(stream.userID == id)
  }

  @Test(
    "what names no stream is refused with invalid_id",
    arguments: ["", "alice", "user/", "group/", "user/a/b", "users/a", "User/a", "user/a b"])
  func noStream(text: String) {
    let error = #expect(throws: DaybookError.self) { try StreamKey(parsing: text) }
    #expect(error?.code == .invalidID)
  }

  @Test("a conversation is named by its peer, or its group, and has a key of its own")
  func conversations() throws {
    let alice = try UserID("alice")
    let bob = try UserID("bob")
    let ubuntu = try GroupID("ubuntu")
    #expect(ConversationKey(mailbox: alice, peer: bob).description == "user/bob")
    #expect(ConversationKey(group: ubuntu).description == "group/ubuntu")
    let keys = [
      ConversationKey(mailbox: alice, peer: bob), ConversationKey(mailbox: bob, peer: alice),
      ConversationKey(mailbox: alice, peer: alice), ConversationKey(group: ubuntu),
    ]
    #expect(Set(keys.map(\.fingerprint)).count == keys.count)
  }

  @Test("a stream's amendments have a key of their own, apart from its conversations")
  func amendments() throws {
    let streams = [StreamKey.user(try UserID("alice")), .group(try GroupID("alice"))]
    let peers = try ["1", "alice", "bob"].map { try UserID($0) }
    var keys: [UInt64] = []
    for stream in streams {
      keys.append(ConversationKey.fingerprint(amendmentsOf: stream))
      #expect(keys.last == ConversationKey.fingerprint(amendmentsOf: stream.fingerprint))
      keys.append(ConversationKey.fingerprint(reactionsIn: stream.fingerprint))
      keys.append(ConversationKey.fingerprint(group: stream))
      for peer in peers {
        keys.append(ConversationKey.fingerprint(mailbox: stream, peer: peer.text))
      }
    }
    #expect(Set(keys).count == keys.count)
  }

  @Test("an origin is 1 to 32 bytes, kept exactly", arguments: [1, 7, 8, 31, 32])
  func origins(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) }
    let origin = try #require(Origin(bytes))
    #expect(origin.bytes == bytes)
    #expect(origin.description.utf8.count == count * 2)
    #expect(Origin(bytes.dropLast() + [0]) != origin)
  }

  @Test("no bytes, or more than 32, are no origin; zero bytes at the end count")
  func noOrigins() {
    #expect(Origin([UInt8]()) == nil)
    #expect(Origin([UInt8](repeating: 1, count: 33)) == nil)
    #expect(Origin([1]) != Origin([1, 0]))
  }
}
