import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("frames in JSON")
struct JSONFramesTests {
  private func decode(_ text: String) throws(FrameFault) -> Frame {
    try JSONFrames.decode(ByteBuffer(string: text))
  }

  private func encode(
    _ type: FrameType, _ message: some SwiftProtobuf.Message, sequence: UInt32 = 0
  ) throws -> String {
    let body = ByteBuffer(bytes: message.wireBytes())
    return String(
      buffer: try JSONFrames.encode(Frame(type: type, sequence: sequence, body: body)))
  }

  @Test("a request's type is its name, and its body what protobuf's JSON says")
  func requests() throws {
    let frame = try decode(
      #"{"sequence":2,"send":{"context":{"number":"7"},"to":"user/bob","content":{"plain":{"body":"aGk="}}}}"#
    )
    let request = try SendRequest(frameBody: frame.body)
    #expect(frame.type == .send && frame.sequence == 2)
    #expect(request.to.text == "user/bob" && request.context.number == 7)
    #expect(try ContentCoding.show(request.content) == .text("hi"))
    // Names in either form, numbers as such, and an empty body.
    let ack = try decode(#"{"ack":{"upToSeq":9,"stream":"group/a"},"sequence":3}"#)
    #expect(try AckRequest(frameBody: ack.body).upTo == Seq(9))
    let empty = try decode(#"{"sequence":4,"heartbeat":{}}"#)
    #expect(empty == Frame(type: .heartbeat, sequence: 4, body: ByteBuffer()))
  }

  @Test(
    "what says no type that there is has none, and what says one wrongly has a body that can't be read",
    arguments: [
      (#"{"sequence":5}"#, 0, 5), (#"{"sequence":5,"dance":{}}"#, 0, 5), ("{}", 0, 0),
      (#"{"sequence":5,"dance":{"send":{}},"x":"\"send\":{}"}"#, 0, 5),
      (#"{"sequence":5,"send":{"to":5}}"#, 16, 5), (#"{"a":[{"b":"}"}],"send":7}"#, 16, 0),
      (#"{"sequence":5,"send":{},"ack":{}}"#, 16, 5),
      (#"{"sequence":5,"ack":{"up_to_seq":-1}}"#, 17, 5),
      (#"{"sequence":5,"sen\u0064":"x"}"#, 16, 5),
    ])
  func others(_ text: String, _ type: UInt32, _ sequence: UInt32) throws {
    let frame = try decode(text)
    #expect(frame.type.rawValue == type && frame.sequence == sequence)
    if type != 0 {
      #expect(throws: DaybookError.self) { try Daybook_V1_SendRequest(frameBody: frame.body) }
    }
  }

  @Test(
    "what is no object is no frame",
    arguments: [
      "", " ", "{", "[]", "7", "\"x\"", "null", "{}{}", "{} x", #"{"sequence":1,}"#,
      #"{"sequence":-1}"#, #"{"sequence":4294967296}"#, #"{"sequence":1.5}"#, "{'sequence':1}",
      String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
    ])
  func malformed(_ text: String) {
    let fault = #expect(throws: FrameFault.self) { try decode(text) }
    #expect(fault?.error.code == .malformedFrame && fault?.sequence == 0)
  }

  @Test("replies, errors and pushes have their names; a sequence of 0 is left out")
  func replies() throws {
    let reply = Daybook_V1_CommandReply.with { ($0.messageID, $0.seq) = (1 << 60, 3) }
    #expect(
      try encode(.send.reply, reply, sequence: 7)
        == #"{"send_reply":{"message_id":"1152921504606846976","seq":"3"},"sequence":7}"#)
    let error = DaybookError(.blocked, "they have blocked you").errorReply
    #expect(
      try encode(.error, error, sequence: 1)
        == #"{"error":{"code":411,"name":"blocked","message":"they have blocked you"},"sequence":1}"#
    )
    #expect(try encode(.caughtUp, Daybook_V1_CaughtUp()) == #"{"caught_up":{}}"#)
  }

  @Test("events are what they say, in pushes and within replies")
  func events() throws {
    let event = Daybook_V1_Event.with {
      ($0.stream, $0.seq, $0.user) = ("user/bob", 7, "alice")
      $0.messageSent.content.plain.body = Data("hello".utf8)
    }
    let said =
      #"{"stream":"user/bob","seq":"7","user":"alice","message_sent":{"content":{"plain":{"body":"aGVsbG8="}}}}"#
    #expect(try encode(.event, event) == #"{"event":\#(said)}"#)
    #expect(try encode(.transient, event) == #"{"transient":\#(said)}"#)
    let fetched = Daybook_V1_FetchReply.with {
      ($0.events, $0.headSeq) = ([Data(event.wireBytes())], 9)
      $0.notVisible = [.with { ($0.fromSeq, $0.toSeq) = (1, 6) }]
    }
    #expect(
      try encode(.fetch.reply, fetched)
        == #"{"fetch_reply":{"events":[\#(said)],"not_visible":[{"from_seq":"1","to_seq":"6"}],"head_seq":"9"}}"#
    )
    let history = Daybook_V1_HistoryReply.with {
      ($0.events, $0.more) = ([Data(event.wireBytes())], true)
      $0.amendments = [.with { ($0.messageID, $0.edit) = (5, Data(event.wireBytes())) }]
    }
    #expect(
      try encode(.history.reply, history)
        == #"{"history_reply":{"events":[\#(said)],"more":true,"amendments":[{"message_id":"5","edit":\#(said)}]}}"#
    )
  }

  @Test("a body that is not what its type says is said by nobody")
  func torn() {
    let torn = Frame(type: .event, sequence: 0, body: ByteBuffer(bytes: [0x0a, 99]))
    #expect(throws: DaybookError.self) { try JSONFrames.encode(torn) }
  }

  @Test("the frames that wire-protocol.md shows are some")
  func shown() throws {
    let block = try WireProtocolPage.text().components(separatedBy: "```json frames\n")[1]
    let lines = block.components(separatedBy: "\n```")[0].split(separator: "\n").map(String.init)
    #expect(lines.count > 5)
    for line in lines {
      let frame = try decode(line)
      #expect(frame.type != JSONFrames.unknownType && frame.body.readableBytes > 1, "\(line)")
      let said = String(buffer: try JSONFrames.encode(frame))
      // The order of members is anybody's.
      #expect(said.sorted() == line.sorted())
    }
  }

  @Test("a text full of members that nobody knows is not searched to its end for one that is wrong")
  func crowded() throws {
    let strangers = (0..<100_000).map { "\"a\($0)\":1," }.joined()
    let last = try decode("{\(strangers)\"send\":7,\"sequence\":5}")
    #expect(last.type == JSONFrames.unknownType && last.sequence == 5)
    let first = try decode("{\"send\":7,\(strangers)\"sequence\":5}")
    #expect(first.type == .send && first.sequence == 5)
  }

  @Test("json.proto names each type of wire-protocol.md, with its number and its message")
  func table() throws {
    let rows = try FrameRows(page: WireProtocolPage.text())
    let listed = try WireProtocolPage.file("daybook/v1/json.proto")
      .components(separatedBy: "oneof body {")[1].components(separatedBy: "\n  }")[0]
      .split(separator: "\n").filter { $0.contains("=") }
      .map { $0.split(whereSeparator: { " =;".contains($0) }).map(String.init) }
    #expect(Set(listed.map { "\($0[2]) \($0[1]) \($0[0])" }) == rows.wanted)
    #expect(listed.count == rows.wanted.count && listed.count > 90)
  }
}

/// What the tables of frames want of `json.proto`.
private struct FrameRows {
  /// Number, name and message.
  private(set) var wanted: Set<String> = ["511 error ErrorReply"]

  /// Messages that stand for others of the same bytes, for bytes of events in them.
  private static let views = ["FetchReply": "FetchedEvents", "HistoryReply": "HistoryEvents"]

  init(page: String) throws {
    for line in page.split(separator: "\n") where line.hasPrefix("| ") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count >= 3, let number = FrameRows.number(cells[0]) else { continue }
      var name = cells[1].replacing(" ", with: "_")
      if number >= 0x200 {
        if name == "typing" { name = "typing_push" }
        add(number, name, quoted(cells[2]).first { $0.first?.isUppercase == true } ?? "")
        continue
      }
      add(number, name, quoted(cells[2]).first ?? "")
      if let reply = quoted(cells[3]).first, cells[3].contains("(0x") {
        add(number + 0x100, "\(name)_reply", FrameRows.views[reply] ?? reply)
      }
    }
  }

  private mutating func add(_ number: Int, _ name: String, _ message: String) {
    wanted.insert("\(number) \(name) \(message)")
  }

  private func quoted(_ cell: String) -> [String] {
    cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }

  private static func number(_ text: String) -> Int? {
    text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
  }
}
