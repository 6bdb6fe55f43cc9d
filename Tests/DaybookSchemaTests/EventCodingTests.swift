import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import SwiftProtobuf
import Testing

@Suite("Event coding")
struct EventCodingTests {
  static let runs = 200

  @Test("the bytes are those of the generated code", arguments: EventKind.allCases)
  func equalsGenerated(kind: EventKind) throws {
    var samples = SampleEvents(seed: UInt64(kind.rawValue))
    for _ in 0..<Self.runs {
      let event = samples.event(kind)
      let ours = Array(EventEncoding.encode(event).readableBytesView)
      let generated: [UInt8] = try Daybook_V1_Event(event).serializedBytes()
      try #require(ours == generated, "\(event)")
    }
  }

  @Test("what was encoded is decoded to the same event", arguments: EventKind.allCases)
  func identity(kind: EventKind) throws {
    var samples = SampleEvents(seed: 100 + UInt64(kind.rawValue))
    for _ in 0..<Self.runs {
      let event = samples.event(kind)
      try #require(try EventDecoding.decode(EventEncoding.encode(event)) == event)
    }
  }

  @Test("the cause alone is that of the whole event", arguments: EventKind.allCases)
  func cause(kind: EventKind) throws {
    var samples = SampleEvents(seed: 200 + UInt64(kind.rawValue))
    for _ in 0..<Self.runs {
      let event = samples.event(kind)
      let bytes = EventEncoding.encode(event)
      let cause = try bytes.withUnsafeReadableBytes { bytes throws(DaybookError) in
        try EventDecoding.cause(of: bytes)
      }
      try #require(cause == event.cause)
    }
  }

  @Test("an event and its body are as long as was said before", arguments: EventKind.allCases)
  func sizes(kind: EventKind) throws {
    var samples = SampleEvents(seed: 400 + UInt64(kind.rawValue))
    for _ in 0..<Self.runs {
      let event = samples.event(kind)
      let whole = try Daybook_V1_Event(event)
      var alone = Daybook_V1_Event()
      alone.body = whole.body
      let body: [UInt8] = try alone.serializedBytes()
      let length = BodyEncoding.length(of: event.body)
      try #require(body.count == ProtobufSize.bytes(Int(kind.rawValue), count: length), "\(event)")
      var buffer = ByteBuffer()
      let slot = EventEncoding.append(event, to: &buffer, bodyStart: 0)
      let bytes: [UInt8] = try whole.serializedBytes()
      try #require(Int(slot.length) == bytes.count, "\(event)")
    }
  }

  @Test("an event is of the kind that its body says", arguments: EventKind.allCases)
  func kinds(kind: EventKind) {
    var samples = SampleEvents(seed: 500 + UInt64(kind.rawValue))
    #expect(samples.event(kind).kind == kind)
  }

  @Test(
    "content that is not wanted is left out, and nothing else is",
    arguments: [EventKind.messageSent, .messageCopied, .messageWithheld, .messageEdited])
  func skippedContent(kind: EventKind) throws {
    var samples = SampleEvents(seed: 3)
    for _ in 0..<Self.runs {
      let event = samples.event(kind)
      let decoded = try bytes(of: event).withUnsafeBytes { bytes throws(DaybookError) in
        try EventDecoding.decode(bytes, content: .skipped)
      }
      try #require(decoded == withoutContent(event))
      try #require(decoded != event)
    }
  }

  private func withoutContent(_ event: Event) -> Event {
    func empty(_ message: DaybookModel.Message) -> DaybookModel.Message {
      var message = message
      message.content = ByteBuffer()
      return message
    }
    var event = event
    switch event.body {
    case .messageSent(let message): event.body = .messageSent(empty(message))
    case .messageCopied(let message, let to, let peerSeq):
      event.body = .messageCopied(empty(message), to: to, peerSeq: peerSeq)
    case .messageWithheld(let message): event.body = .messageWithheld(empty(message))
    case .messageEdited(let target, _):
      event.body = .messageEdited(target, content: ByteBuffer())
    default: Issue.record("\(event.kind) has no content")
    }
    return event
  }

  @Test(
    "what folds into read models is the event without content, command and cause, whatever was decoded before",
    arguments: EventKind.allCases)
  func named(kind: EventKind) throws {
    var samples = SampleEvents(seed: 300 + UInt64(kind.rawValue))
    let names = NameCache()
    var other = SampleEvents(seed: 301)
    for _ in 0..<Self.runs {
      // Whatever stands in its place.
      var decoded = other.event(EventKind.allCases.randomElement()!)
      let bytes = bytes(of: samples.event(kind))
      // The second time from what the first has left.
      for _ in 0..<2 {
        try bytes.withUnsafeBytes { bytes in
          var expected = try EventDecoding.decode(bytes, content: .skipped)
          (expected.command, expected.cause, expected.traceID) = (nil, nil, nil)
          try EventDecoding.decode(bytes, names: names, into: &decoded)
          try #require(decoded == expected)
        }
      }
    }
  }

  @Test("a name that takes another's place in the cache is not taken for it")
  func manyNames() throws {
    let names = NameCache()
    for round in 0..<2 {
      for index in 0..<20_000 {
        let user = UserID(checked: "user-\(index)")
        let actor = Actor(user: user, device: index % 2 == 0 ? DeviceID(checked: "d") : nil)
        let event = Event(
          stream: index % 3 == 0 ? .group(GroupID(checked: "g\(index)")) : .user(user),
          recordedAt: .none, actor: actor, body: .noted)
        var decoded = EventDecoding.blank
        try bytes(of: event).withUnsafeBytes { bytes in
          try EventDecoding.decode(bytes, names: names, into: &decoded)
        }
        try #require(decoded == event, "round \(round)")
      }
    }
  }

  @Test("a scan finds the slot that the encoder made", arguments: EventKind.allCases)
  func slots(kind: EventKind) throws {
    var samples = SampleEvents(seed: 200 + UInt64(kind.rawValue))
    var body = ByteBuffer()
    body.writeString("room in front")
    let bodyStart = body.writerIndex
    for _ in 0..<Self.runs {
      let slot = EventEncoding.append(samples.event(kind), to: &body, bodyStart: bodyStart)
      let all = body.getBytes(at: bodyStart, length: body.writerIndex - bodyStart)!
      let range = Int(slot.start)..<Int(slot.start + slot.length)
      let prefix = all[range.lowerBound - 4..<range.lowerBound]
      #expect(prefix.reversed().reduce(0) { $0 << 8 | Int($1) } == range.count)
      let scanned = try all[range].withUnsafeBytes { bytes throws(DaybookError) in
        try EventScan.slot(of: bytes, start: slot.start)
      }
      try #require(scanned == slot)
    }
  }

  @Test("a slot's keys are the fingerprints of stream and conversation")
  func slotKeys() throws {
    var samples = SampleEvents(seed: 5)
    for _ in 0..<Self.runs {
      var event = samples.event(.messageSent)
      event.actor = Actor(
        user: event.actor.user ?? UserID(checked: "x"), device: event.actor.device,
        service: event.actor.service)
      var buffer = ByteBuffer()
      let slot = EventEncoding.append(event, to: &buffer, bodyStart: 0)
      #expect(slot.stream == event.stream.fingerprint)
      #expect(slot.conversation == event.conversation?.fingerprint)
    }
  }

  @Test(
    "recalls and edits, reactions, and what was withheld stand under keys of their own")
  func amendmentKeys() {
    var samples = SampleEvents(seed: 6)
    for kind in EventKind.allCases where !kind.isMessage {
      let event = samples.event(kind)
      var buffer = ByteBuffer()
      let slot = EventEncoding.append(event, to: &buffer, bodyStart: 0)
      let key: UInt64 =
        switch kind {
        case .messageRecalled, .messageEdited:
          ConversationKey.fingerprint(amendmentsOf: event.stream)
        case .messageWithheld: ConversationKey.fingerprint(withheldIn: event.stream.fingerprint)
        case .reactionAdded, .reactionRemoved, .amendmentWithheld:
          ConversationKey.fingerprint(reactionsIn: event.stream.fingerprint)
        default: 0
        }
      #expect(slot.conversation == key, "\(kind)")
      #expect(slot.messageID == event.messageID)
    }
  }

  @Test("bytes cut anywhere are refused or decoded, and never read past", arguments: [11, 12, 13])
  func truncation(seed: UInt64) throws {
    var samples = SampleEvents(seed: seed)
    for kind in EventKind.allCases {
      let whole = bytes(of: samples.event(kind))
      for count in 0..<whole.count { try decodeOrRefuse(Array(whole[..<count])) }
    }
  }

  @Test("bytes changed anywhere are refused or decoded, and never read past", arguments: [21, 22])
  func damage(seed: UInt64) throws {
    var samples = SampleEvents(seed: seed)
    var random = SplitMix(state: seed)
    for kind in EventKind.allCases {
      let whole = bytes(of: samples.event(kind))
      for index in whole.indices {
        var damaged = whole
        damaged[index] ^= UInt8(truncatingIfNeeded: random.next() % 255 + 1)
        try decodeOrRefuse(damaged)
      }
    }
  }

  /// A length that leads past the end is the damage that must not be followed: the bytes lie at
  /// the end of their own allocation, so that a reader that does is seen by a sanitizer.
  private func decodeOrRefuse(_ bytes: [UInt8]) throws {
    bytes.withUnsafeBytes { bytes in
      let decoded = Result { () throws(DaybookError) in try EventDecoding.decode(bytes) }
      if case .failure(let error) = decoded { #expect(error.code == .logCorrupt) }
      let scanned = Result { () throws(DaybookError) in try EventScan.slot(of: bytes, start: 0) }
      if case .failure(let error) = scanned { #expect(error.code == .logCorrupt) }
    }
  }

  @Test("fields that this version doesn't know are passed over", arguments: EventKind.allCases)
  func unknownFields(kind: EventKind) throws {
    var samples = SampleEvents(seed: 300 + UInt64(kind.rawValue))
    let event = samples.event(kind)
    // Fields 200 to 203, of each wire type: varint, 64 bits, delimited, 32 bits.
    let unknown: [UInt8] =
      [0xc0, 0x0c, 0xff, 0x01] + [0xc9, 0x0c, 1, 2, 3, 4, 5, 6, 7, 8]
      + [0xd2, 0x0c, 3, 1, 2, 3] + [0xdd, 0x0c, 1, 2, 3, 4]
    let known = bytes(of: event)
    for grown in [unknown + known, known + unknown] {
      let decoded = try grown.withUnsafeBytes { bytes throws(DaybookError) in
        try EventDecoding.decode(bytes)
      }
      #expect(decoded == event)
      let slot = try grown.withUnsafeBytes { bytes throws(DaybookError) in
        try EventScan.slot(of: bytes, start: 0)
      }
      #expect(slot.kind == kind && slot.stream == event.stream.fingerprint)
    }
    let generated = try Daybook_V1_Event(serializedBytes: known + unknown)
    #expect(!generated.unknownFields.data.isEmpty)
  }

  @Test(
    "what is no event is refused",
    arguments: [
      [], [0x08], [0x00, 0x00], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      // A stream and no body; a body and no stream.
      [0x0a, 6] + Array("user/a".utf8),
      [0xea, 0x01, 0],
      // Group wire types, which proto3 does not have.
      [0x0b, 0x0c],
    ] as [[UInt8]])
  func refused(bytes: [UInt8]) {
    let error = #expect(throws: DaybookError.self) {
      try bytes.withUnsafeBytes { bytes throws(DaybookError) in try EventDecoding.decode(bytes) }
    }
    #expect(error?.code == .logCorrupt)
    let scan = #expect(throws: DaybookError.self) {
      try bytes.withUnsafeBytes { bytes throws(DaybookError) in
        try EventScan.slot(of: bytes, start: 0)
      }
    }
    #expect(scan?.code == .logCorrupt)
  }

  private func bytes(of event: Event) -> [UInt8] {
    Array(EventEncoding.encode(event).readableBytesView)
  }
}
