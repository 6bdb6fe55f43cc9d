import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import SwiftProtobuf
import Testing

/// What other programs, and later versions, may write into a body.
@Suite("Fields of bodies")
struct BodyFieldTests {
  /// Fields 200 to 203, of each wire type: varint, 64 bits, delimited, 32 bits.
  private static let unknown: [UInt8] =
    [0xc0, 0x0c, 0xff, 0x01] + [0xc9, 0x0c, 1, 2, 3, 4, 5, 6, 7, 8]
    + [0xd2, 0x0c, 3, 1, 2, 3] + [0xdd, 0x0c, 1, 2, 3, 4]

  @Test("fields of a body that aren't known are passed over", arguments: EventKind.allCases)
  func unknownFields(kind: EventKind) throws {
    var samples = SampleEvents(seed: 600 + UInt64(kind.rawValue))
    for _ in 0..<20 {
      let event = samples.event(kind)
      let whole = Array(EventEncoding.encode(event).readableBytesView)
      let length = BodyEncoding.length(of: event.body)
      let body = Array(whole.suffix(length))
      let before = Array(whole.dropLast(ProtobufSize.bytes(Int(kind.rawValue), count: length)))
      for grown in [Self.unknown + body, body + Self.unknown] {
        let bytes = before + field(Int(kind.rawValue), grown)
        try #require(try decode(bytes) == event)
        let slot = try bytes.withUnsafeBytes { bytes throws(DaybookError) in
          try EventScan.slot(of: bytes, start: 0)
        }
        #expect(slot.conversation == EventEncoding.conversationFingerprint(event))
      }
    }
  }

  @Test("fields of a forward that aren't known are passed over")
  func unknownOfForward() throws {
    let forwarded = Forwarded(
      messageID: MessageID(7), user: UserID(checked: "a"), recordedAt: Timestamp(milliseconds: 9))
    let known: [UInt8] =
      [0x09, 7, 0, 0, 0, 0, 0, 0, 0] + [0x12, 1] + Array("a".utf8)
      + [0x19, 9, 0, 0, 0, 0, 0, 0, 0]
    let event = try decode(
      user("u") + field(16, [0x0a, 0] + field(9, Self.unknown + known + Self.unknown)))
    let expected = DaybookModel.Message(
      content: ByteBuffer(), extras: MessageExtras(forwarded: forwarded))
    #expect(event.body == .messageSent(expected))
  }

  @Test("roles and policies have the numbers of the schema")
  func numbers() {
    #expect(Daybook_V1_Role.allCases.map(\.rawValue) == Role.allCases.map { Int($0.rawValue) })
    #expect(
      Daybook_V1_JoinPolicy.allCases.map(\.rawValue)
        == JoinPolicy.allCases.map { Int($0.rawValue) })
    #expect(Daybook_V1_Role.allCases.map { "\($0)" } == Role.allCases.map(\.name))
    #expect(Daybook_V1_JoinPolicy.allCases.map { "\($0)" } == JoinPolicy.allCases.map(\.name))
  }

  @Test("a role that isn't known permits the least, and a policy lets in the fewest")
  func unknownNumbers() throws {
    for number: UInt8 in [3, 127] {
      let joined = try decode(group("g") + field(23, name("a") + [0x10, number]))
      #expect(joined.body == .memberJoined(UserID(checked: "a"), role: .member))
      let changed = try decode(group("g") + field(36, name("t") + [0x18, number]))
      #expect(changed.body == .groupChanged(GroupSettings(title: "t", joinPolicy: .invitation)))
    }
    // A number that would be that of a role, were it cut to eight bits.
    let wide = try decode(group("g") + field(40, name("a") + [0x10, 0x82, 0x02]))
    #expect(wide.body == .roleChanged(UserID(checked: "a"), .member))
  }

  @Test("what was written before there were roles and settings reads as their defaults")
  func earlier() throws {
    let created = try decode(group("g") + field(22, name("Title")))
    #expect(created.body == .groupCreated(GroupSettings(title: "Title")))
    let joined = try decode(group("g") + field(23, name("a")))
    #expect(joined.body == .memberJoined(UserID(checked: "a"), role: .member))
    let left = try decode(group("g") + field(24, name("a")))
    #expect(left.body == .memberLeft(UserID(checked: "a"), successor: nil))
    let sent = try decode(user("u") + field(16, [0x0a, 0]))
    #expect(sent.body == .messageSent(DaybookModel.Message(content: ByteBuffer(), extras: nil)))
  }

  @Test(
    "what was written before cursors and reads were in mailboxes reads as it did, and is written so"
  )
  func beforeMailboxes() throws {
    let seq: [UInt8] = [0x10, 7]
    let rows: [(kind: Int, body: [UInt8], Event.Body)] = [
      (
        18, [0x08, 5] + field(2, Array("a".utf8)),
        .acked(upTo: Seq(5), senders: [.init(UserID(checked: "a"))])
      ),
      (18, [0x08, 5], .acked(upTo: Seq(5))),
      (19, [0x10, 5], .read(peer: nil, upTo: Seq(5))),
      (
        20, name("a") + [0x10, 5],
        .messagesDelivered(by: UserID(checked: "a"), upTo: .peerSeq(Seq(5)))
      ),
      (23, name("a"), .memberJoined(UserID(checked: "a"))),
      (24, name("a"), .memberLeft(UserID(checked: "a"))),
      (27, name("g") + [0x10, 5], .groupRead(GroupID(checked: "g"), upTo: Seq(5))),
      (36, name("t"), .groupChanged(GroupSettings(title: "t"))),
      (37, name("a"), .memberInvited(UserID(checked: "a"))),
      (38, name("a"), .joinRequested(UserID(checked: "a"))),
      (39, name("a"), .joinRefused(UserID(checked: "a"))),
    ]
    for row in rows {
      let bytes = group("g") + seq + field(row.kind, row.body)
      let event = try decode(bytes)
      #expect(event.body == row.2 && event.seq == Seq(7))
      #expect(Array(EventEncoding.encode(event).readableBytesView) == bytes, "\(row.kind)")
      // Who joined, or left, with a seq did so there.
      #expect(event.firstSeen == Seq(7) && event.lastSeen == Seq(7) && event.joinPosition == Seq(7))
    }
    #expect(GroupSettings(title: "t").areMembersListed)
  }

  @Test("marks of what is no conversation are refused", arguments: ["", "user", "users/a", "a/b"])
  func noConversation(text: String) {
    let error = #expect(throws: DaybookError.self) {
      try decode(user("u") + field(47, name(text) + [0x10, 1]))
    }
    #expect(error?.code == .logCorrupt)
  }

  @Test("extras that say nothing take no byte")
  func emptyExtras() {
    func encoded(_ extras: MessageExtras?) -> ByteBuffer {
      EventEncoding.encode(
        Event(
          stream: .user(UserID(checked: "u")), recordedAt: .none, actor: .none,
          body: .messageSent(DaybookModel.Message(content: ContentCoding.text("x"), extras: extras))
        ))
    }
    #expect(encoded(MessageExtras()) == encoded(nil))
    #expect(encoded(MessageExtras(mentionsEveryone: true)) != encoded(nil))
  }

  @Test("a mention without a name, which no server writes, can be encoded again")
  func namelessMention() throws {
    let event = try decode(user("u") + field(16, [0x0a, 0] + field(7, []) + field(7, [0x61])))
    guard case .messageSent(let message) = event.body else { return }
    #expect(message.extras?.mentions.last == UserID(checked: "a"))
    let again = try decode(Array(EventEncoding.encode(event).readableBytesView))
    guard case .messageSent(let copy) = again.body else { return }
    #expect(copy.extras?.mentions == [UserID(checked: "a")])
  }

  private func decode(_ bytes: [UInt8]) throws(DaybookError) -> Event {
    try EventDecoding.decode(ByteBuffer(bytes: bytes))
  }

  private func user(_ id: String) -> [UInt8] { field(1, Array("user/\(id)".utf8)) }
  private func group(_ id: String) -> [UInt8] { field(1, Array("group/\(id)".utf8)) }
  private func name(_ text: String) -> [UInt8] { field(1, Array(text.utf8)) }

  /// A length-delimited field.
  private func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count + 20) { memory in
      var writer = ProtobufWriter(memory)
      writer.message(number, ByteBuffer(bytes: bytes))
      return writer.count
    }
    return Array(buffer.readableBytesView)
  }
}
