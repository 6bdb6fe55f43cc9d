import DaybookModel
import DaybookSDK
import DaybookSchema
import Foundation
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("commands that are taken in turn, over the wire", .timeLimit(.minutes(30)))
struct GaplessTests {
  private static let trace = Data((1...16).map { UInt8($0) })
  private static let traceText = "0102030405060708090a0b0c0d0e0f10"

  private func send(
    _ number: UInt64, _ text: String? = nil, trace: Data = Data()
  ) -> Daybook_V1_SendRequest {
    .with {
      $0.context.number = number
      $0.context.gapless = true
      $0.context.traceID = trace
      $0.to = "user/ben"
      $0.content.plain.body = Data((text ?? "number \(number)").utf8)
    }
  }

  private func error(_ frame: Frame) throws -> Daybook_V1_ErrorReply {
    try #require(frame.type == .error, "\(frame.type)")
    return try Daybook_V1_ErrorReply(frameBody: frame.body)
  }

  private func next(_ connection: RawConnection) async throws -> Daybook_V1_NextNumberReply {
    let reply = try await connection.ask(
      .nextNumber, Daybook_V1_NextNumberRequest.with { $0.stream = "user/ben" })
    try #require(reply.type == .nextNumber.reply, "\(reply.type)")
    return try Daybook_V1_NextNumberReply(frameBody: reply.body)
  }

  /// Sends 3 and 2, and waits until both are held; again where the machine was so slow that they were let go of before.
  private func heldBack(
    _ connection: RawConnection
  ) async throws -> (second: UInt32, third: UInt32) {
    while true {
      let third = try connection.say(.send, send(3))
      let second = try connection.say(.send, send(2))
      func isLetGo() -> Bool {
        connection.pushes.contains { $0.sequence == second || $0.sequence == third }
      }
      while !isLetGo() {
        if try await next(connection).held == 2 { return (second, third) }
      }
      for sequence in [second, third] {
        #expect(try error(try await connection.answer(sequence)).name == "number_gap")
      }
    }
  }

  /// The answer to a number that is asked for under this sequence; it is sent again if it was let go of.
  private func taken(
    _ number: UInt64, _ sequence: UInt32, _ connection: RawConnection
  ) async throws -> CommandReply {
    var sequence = sequence
    while true {
      let frame = try await connection.answer(sequence)
      if frame.type == .send.reply { return try CommandReply(frameBody: frame.body) }
      #expect(try error(frame).name == "number_gap")
      sequence = try connection.say(.send, send(number))
    }
  }

  @Test("wait for the one that is missing, and go on where they were after a restart")
  func turns() async throws {
    let server = try await TestServer()
    try await server.start()
    let token = try await server.token(user: "ann", device: "phone")
    var connection = try RawConnection(server.address)
    _ = try await connection.connect(token)
    let (second, third) = try await heldBack(connection)
    #expect(try await next(connection).nextNumber == 1)
    let first = try connection.say(.send, send(1, trace: Self.trace))
    var replies: [CommandReply] = []
    for (number, sequence) in zip(UInt64(1)..., [first, second, third]) {
      replies.append(try await taken(number, sequence, connection))
    }
    #expect(replies.map(\.messageID) == replies.map(\.messageID).sorted())
    // Refused for good by the owner, and so the number's outcome.
    let refused = try await connection.ask(.send, send(4, String(repeating: "x", count: 70_000)))
    #expect(try error(refused).name == "content_too_large")
    #expect(try error(refused).nextNumber == 5)

    _ = await server.stop()
    try await server.start()
    connection = try RawConnection(server.address)
    _ = try await connection.connect(token)
    let known = try await next(connection)
    #expect(known.nextNumber == 5 && known.held == 0)
    let again = try CommandReply(
      frameBody: try await connection.ask(.send, send(2)).body)
    #expect(again.repeated && again.messageID == replies[1].messageID)
    let gap = try error(try await connection.ask(.send, send(7)))
    #expect(gap.name == "number_gap" && gap.temporary && gap.nextNumber == 5)
    #expect(try await connection.ask(.send, send(5)).type == .send.reply)
    _ = await server.stop()

    let events = try await server.objects(["log", "dump"])
    let sent = events.filter { $0["gapless"] as? Bool == true }
    #expect(sent.compactMap { $0["number"] as? Int } == [1, 2, 3, 4, 5])
    #expect(sent.compactMap { $0["refusal"] as? String } == ["content_too_large"])
    let traced = events.filter { $0["trace_id"] as? String == Self.traceText }
    // The message, and the sender's own copy.
    #expect(
      traced.compactMap { $0["type"] as? String }.sorted() == ["message_copied", "message_sent"])
  }

  @Test("a trace id that is none is refused, and one that is stands in what is logged of a refusal")
  func traces() async throws {
    let server = try await TestServer()
    try await server.start(["--log-format", "json", "--log-level", "debug"])
    let token = try await server.token(user: "ann", device: "phone")
    let connection = try RawConnection(server.address)
    _ = try await connection.connect(token)
    for wrong in [Data(count: 16), Data([1]), Data(count: 17)] {
      let refusal = try error(try await connection.ask(.send, send(1, trace: wrong)))
      #expect(refusal.name == "invalid_request")
    }
    #expect(try await connection.ask(.send, send(1, trace: Self.trace)).type == .send.reply)
    let refused = Daybook_V1_SendRequest.with {
      $0.context.number = 1
      $0.context.traceID = Self.trace
      $0.to = "group/nowhere"
      $0.content.plain.body = Data("x".utf8)
    }
    #expect(try error(try await connection.ask(.send, refused)).name == "group_not_found")
    let output = await server.stop()
    let lines = try #require(output).errors.split(separator: "\n").filter {
      $0.contains(Self.traceText)
    }
    #expect(lines.contains { $0.contains("a command is durable") })
    #expect(lines.contains { $0.contains("group_not_found") })
  }

  @Test(
    "a client's messages are taken as it has sent them, and its outbox goes first after a restart")
  func client() async throws {
    let server = try await TestServer()
    try await server.start()
    let token = try await server.token(user: "ann", device: "phone")
    let outbox = MemoryOutbox()
    var configuration = try ClientConfiguration(server: server.address, token: token)
    configuration.ordering = .gapless
    configuration.outbox = outbox
    // Nothing is sent: the client never connects.
    let silent = try DaybookClient(configuration)
    for number in 1...3 {
      _ = try await silent.send(text: "\(number)", to: .user("ben")).kept()
    }
    await silent.close()
    let client = try DaybookClient(configuration)
    try await client.connect()
    #expect(client.unsent.count == 3)
    let trace = try await client.withTraceID(Self.traceText) {
      try client.send(text: "4", to: .user("ben"))
    }
    _ = try await trace.stored()
    let history = try await client.history(of: .user("ben")).messages
    #expect(history.map(\.content) == (1...4).map { .text("\($0)") })
    #expect(history.last?.traceID == Self.traceText)
    await client.close()
    _ = await server.stop()
    let events = try await server.objects(["log", "dump"])
    let numbers = events.filter { $0["gapless"] as? Bool == true }
      .compactMap { $0["number"] as? Int }
    #expect(numbers == [1, 2, 3, 1])
  }
}
