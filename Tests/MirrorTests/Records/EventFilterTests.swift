import DaybookModel
import Mirror
import Testing

@Suite("Filters of a mirror")
struct EventFilterTests {
  private func takes(
    types: [String] = [], streams: [String] = [], _ event: Event
  ) throws -> Bool {
    let shape = RecordShape(filter: try EventFilter(types: types, streams: streams))
    let format = RecordFormat(source: RecordFormatTests.source, shape: shape)
    return try format.topicRecord(of: Events.bytes(event), at: .zero, of: PartitionID(0)) != nil
  }

  @Test("types are named as events.md has them or as records do")
  func types() throws {
    let message = Events.message(to: .user(UserID(checked: "bob")), seq: 1)
    let ack = Events.acked(in: .user(UserID(checked: "bob")), upTo: 1)
    for name in ["message_sent", "daybook.v1.message.sent"] {
      #expect(try takes(types: [name], message))
      #expect(try !takes(types: [name], ack))
    }
    #expect(try takes(types: ["acked", "message_sent"], ack))
    #expect(try takes(ack) && takes(message))
  }

  @Test(
    "streams are named, or begun",
    arguments: [
      (["group/dev"], "group/dev", true), (["group/dev"], "group/dev-2", false),
      (["group/dev"], "user/dev", false), (["group/*"], "group/dev", true),
      (["group/*"], "user/dev", false), (["group/dev*"], "group/dev", true),
      (["group/dev*"], "group/dev-2", true), (["group/dev*"], "group/de", false),
      (["user/é"], "user/é", true), (["user/é"], "user/e\u{301}", false),
      (["user/a,b"], "user/a,b", true), (["user/x", "group/*"], "group/1", true),
      (["user/x", "group/*"], "user/x", true), (["user/x", "group/*"], "user/xy", false),
    ])
  func streams(patterns: [String], stream: String, isTaken: Bool) throws {
    let key = try #require(StreamKey(checked: stream))
    #expect(try takes(streams: patterns, Events.message(to: key, seq: 1)) == isTaken)
  }

  @Test("both must take it")
  func both() throws {
    let event = Events.message(to: .group(GroupID(checked: "dev")), seq: 1)
    #expect(try takes(types: ["message_sent"], streams: ["group/*"], event))
    #expect(try !takes(types: ["message_sent"], streams: ["user/*"], event))
    #expect(try !takes(types: ["read"], streams: ["group/*"], event))
  }

  @Test(
    "what names nothing is refused",
    arguments: [
      (["sent"], []), (["daybook.v1.message_sent"], []), ([""], []), ([], ["dev"]), ([], ["*"]),
      ([], ["group/"]), ([], ["group/a b"]), ([], ["group/a/*"]), ([], ["room/*"]), ([], [""]),
    ])
  func refused(types: [String], streams: [String]) {
    #expect(throws: DaybookError.self) { try EventFilter(types: types, streams: streams) }
  }

  @Test("a shape is written the same however it was said, and read back as what it was")
  func text() throws {
    let one = RecordShape(
      value: .json,
      filter: try EventFilter(
        types: ["daybook.v1.read", "message_sent", "read"],
        streams: ["user/*", "group/é\"", "user/*", "group/a,b"]), redaction: .content)
    let other = RecordShape(
      value: .json,
      filter: try EventFilter(
        types: ["message_sent", "read"], streams: ["group/a,b", "user/*", "group/é\""]),
      redaction: .content)
    #expect(one.text == other.text && one == other)
    #expect(
      one.text == #"{"format":"json","types":["message_sent","read"],"#
        + #""streams":["group/a,b","group/é\"","user/*"],"redact":"content"}"#)
    #expect(try RecordShape(text: one.text) == one)
    #expect(RecordShape().text == #"{"format":"protobuf"}"#)
    #expect(try RecordShape(text: RecordShape().text) == RecordShape())
  }

  @Test(
    "a shape that a later version may have written is refused",
    arguments: [
      "", "{}", "[]", #"{"format":"avro"}"#, #"{"format":"json","redact":"names"}"#,
      #"{"format":"json","types":[]}"#, #"{"format":"json","types":["typed"]}"#,
      #"{"format":"json","streams":"user/*"}"#, #"{"format":"json","since":1}"#,
    ])
  func laterText(text: String) {
    let error = #expect(throws: DaybookError.self) { try RecordShape(text: text) }
    #expect(error?.code == .formatVersion)
  }
}
