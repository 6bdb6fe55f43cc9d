import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("hand-written bodies")
struct HotBodyTests {
  static func body(_ message: some SwiftProtobuf.Message) -> ByteBuffer {
    ByteBuffer(bytes: message.wireBytes())
  }

  static let contexts: [Daybook_V1_CommandContext] = [
    .with { $0.number = 1 },
    .with {
      $0.origin = Data([0, 1, 255])
      $0.number = .max
    },
    .with {
      $0.origin = Data(repeating: 7, count: 32)
      $0.number = 300
      $0.actingFor = "ålice"
    },
  ]

  @Test(
    "a Send is written and read as the generated code does", arguments: contexts, ["", "héllo"])
  func send(context: Daybook_V1_CommandContext, text: String) throws {
    let generated = Daybook_V1_SendRequest.with {
      $0.context = context
      $0.to = "user/bob"
      $0.content = .with { $0.plain = .with { $0.body = Data(text.utf8) } }
      $0.clientTimeMs = text.isEmpty ? 0 : 1_700_000_000_123
      $0.senderName = text
    }
    let request = try SendRequest(frameBody: HotBodyTests.body(generated))
    #expect(request.to == .user(try UserID("bob")))
    #expect(request.context == (try CommandContext(context)))
    #expect(request.senderName == text)
    #expect(request.clientTime.milliseconds == generated.clientTimeMs)
    #expect(Array(request.content.readableBytesView) == generated.content.wireBytes())
    var written = ByteBuffer()
    request.write(to: &written)
    #expect(Array(written.readableBytesView) == generated.wireBytes())
  }

  @Test("a default that is written out is none: a retry that leaves it out is the same command")
  func defaults() throws {
    let plain = SendRequest(
      context: CommandContext(number: 7), to: .user(UserID(checked: "bob")),
      content: ByteBuffer(bytes: [0x0a, 0]))
    var bytes = ByteBuffer()
    plain.write(to: &bytes)
    for field: [UInt8] in [
      [6 << 3 | 1] + Array(repeating: 0, count: 8), [8 << 3, 0], [9 << 3, 0],
    ] {
      var written = bytes
      written.writeBytes(field)
      #expect(try SendRequest(frameBody: written) == plain)
    }
  }

  static let extras: [SendExtras] = [
    SendExtras(replyTo: MessageID(1 << 62 | 5)),
    SendExtras(mentions: [UserID(checked: "bob"), UserID(checked: "ålice")]),
    SendExtras(mentionsEveryone: true), SendExtras(keepDays: 3_650), SendExtras(isTransient: true),
    SendExtras(
      replyTo: MessageID(7),
      mentions: (0..<Limits.mentionsMax).map {
        UserID(checked: String(repeating: "x", count: 61) + String(100 + $0))
      },
      mentionsEveryone: true, keepDays: .max, isTransient: true),
  ]

  @Test(
    "what a Send may state besides is written and read as the generated code does",
    arguments: extras)
  func sendExtras(extras: SendExtras) throws {
    let generated = Daybook_V1_SendRequest.with {
      $0.context.number = 1
      $0.to = "group/g"
      $0.content.plain.body = Data("x".utf8)
      $0.replyTo = extras.replyTo.rawValue
      $0.mentions = extras.mentions.map(\.text)
      $0.mentionsEveryone = extras.mentionsEveryone
      $0.keepDays = extras.keepDays
      $0.transient = extras.isTransient
    }
    let request = try SendRequest(frameBody: HotBodyTests.body(generated))
    #expect(request.extras == extras)
    var written = ByteBuffer()
    request.write(to: &written)
    #expect(Array(written.readableBytesView) == generated.wireBytes())
  }

  @Test("a Send that states none of it has no extras, whatever a later version adds")
  func noExtras() throws {
    var body = HotBodyTests.body(Daybook_V1_SendRequest.with { $0.to = "user/a" })
    body.writeBytes([15 << 3 | 2, 1, 0xff, 14 << 3, 5])
    #expect(try SendRequest(frameBody: body).extras == nil)
  }

  @Test("a request is a command or a query, and its reply is 0x100 above it")
  func types() {
    #expect(FrameType.commands.isDisjoint(with: FrameType.queries))
    let all = FrameType.commands.union(FrameType.queries)
    #expect(all.allSatisfy { $0.rawValue < 0x100 && $0.reply.rawValue == $0.rawValue + 0x100 })
    #expect(FrameType.commands.count == 22 && FrameType.queries.count == 17)
    #expect((48...63).allSatisfy { FrameType.commands.contains(FrameType(rawValue: $0)) })
    #expect((37...47).allSatisfy { FrameType.queries.contains(FrameType(rawValue: $0)) })
    #expect(FrameType.transient.rawValue == 0x208)
  }

  @Test(
    "an Ack is written and read as the generated code does", arguments: [0, 1, 127, UInt64.max])
  func ack(seq: UInt64) throws {
    let generated = Daybook_V1_AckRequest.with {
      $0.stream = "group/ubuntu"
      $0.upToSeq = seq
    }
    let request = try AckRequest(frameBody: HotBodyTests.body(generated))
    #expect(request == AckRequest(stream: .group(try GroupID("ubuntu")), upTo: Seq(seq)))
    var written = ByteBuffer()
    request.write(to: &written)
    #expect(Array(written.readableBytesView) == generated.wireBytes())
  }

  @Test("a CommandReply is written and read as the generated code does", arguments: [true, false])
  func reply(flag: Bool) throws {
    let generated = Daybook_V1_CommandReply.with {
      $0.messageID = flag ? 1 << 62 : 0
      $0.seq = flag ? 300 : 0
      $0.recordedAtMs = 1_700_000_000_000
      $0.durability = .synced
      $0.repeated = flag
      $0.changed = !flag
      $0.pending = flag
    }
    let reply = try CommandReply(frameBody: HotBodyTests.body(generated))
    #expect(reply.repeated == flag && reply.changed == !flag && reply.pending == flag)
    var written = ByteBuffer()
    reply.write(to: &written)
    #expect(Array(written.readableBytesView) == generated.wireBytes())
  }

  @Test("fields of a later version are passed over")
  func unknownFields() throws {
    var generated = Daybook_V1_AckRequest()
    generated.stream = "user/a"
    var body = HotBodyTests.body(generated)
    body.writeBytes([15 << 3 | 2, 1, 0xff, 14 << 3, 5])
    #expect(try AckRequest(frameBody: body).stream.text == "user/a")
  }

  struct Bad: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var code: ErrorCode
    var testDescription: String { name }
  }

  @Test(
    "a bad Send is refused with a typed error",
    arguments: [
      Bad(name: "no receiver", bytes: [], code: .invalidRequest),
      Bad(name: "torn", bytes: [0x12, 9, 0x75], code: .invalidRequest),
      Bad(name: "no stream", bytes: [0x12, 1, 0x75], code: .invalidID),
      Bad(
        name: "id with a space", bytes: [0x12, 8] + Array("user/a b".utf8), code: .invalidID),
      Bad(
        name: "not UTF-8", bytes: [0x12, 6] + Array("user/".utf8) + [0xff], code: .invalidRequest),
      Bad(
        name: "two contents", bytes: [0x12, 6] + Array("user/a".utf8) + [0x1a, 0, 0x1a, 0],
        code: .invalidRequest),
      Bad(
        name: "too many mentions",
        bytes: [0x12, 6] + Array("user/a".utf8)
          + Array(Array(repeating: [0x3a, 1, 0x62], count: 101).joined()), code: .invalidRequest),
      Bad(
        name: "a mention that is no id",
        bytes: [0x12, 6] + Array("user/a".utf8) + [0x3a, 1, 0x20],
        code: .invalidID),
      Bad(
        name: "a torn reply_to", bytes: [0x12, 6] + Array("user/a".utf8) + [0x31, 1, 2],
        code: .invalidRequest),
      Bad(
        name: "long origin", bytes: [0x0a, 35, 0x0a, 33] + Array(repeating: 1, count: 33),
        code: .invalidRequest),
    ])
  func bad(_ bad: Bad) {
    let error = #expect(throws: DaybookError.self) {
      try SendRequest(frameBody: ByteBuffer(bytes: bad.bytes))
    }
    #expect(error?.code == bad.code)
  }

  @Test("an error keeps its number, name and kind over the wire")
  func errors() {
    for code in ErrorCode.all {
      let back = DaybookError(DaybookError(code, "do this").errorReply)
      #expect(back.code == code && back.code.name == code.name)
      #expect(back.code.isTemporary == code.isTemporary && back.message == "do this")
    }
  }

  @Test("a page written from the log's bytes is what the generated code reads")
  func page() throws {
    var body = ByteBuffer()
    EventPage.write([ByteBuffer(string: "one"), ByteBuffer()], to: &body)
    body.writeBytes(Daybook_V1_HistoryReply.with { $0.more = true }.wireBytes())
    let reply = try Daybook_V1_HistoryReply(frameBody: body)
    #expect(reply.events == [Data("one".utf8), Data()] && reply.more)
  }
}
