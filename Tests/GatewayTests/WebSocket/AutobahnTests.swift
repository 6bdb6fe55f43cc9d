import NIOCore
import Testing

@testable import Gateway

@Suite("the cases of the Autobahn suite", .timeLimit(.minutes(30)))
struct AutobahnTests {
  @Test("framing: sections 1 to 5", arguments: AutobahnCase.framing)
  func framing(_ item: AutobahnCase) async throws { try await run(item) }

  @Test("texts: section 6", arguments: AutobahnCase.texts)
  func texts(_ item: AutobahnCase) async throws { try await run(item) }

  @Test("the end: section 7", arguments: AutobahnCase.closing)
  func closing(_ item: AutobahnCase) async throws { try await run(item) }

  @Test("load: sections 9 and 10", arguments: AutobahnCase.load)
  func load(_ item: AutobahnCase) async throws { try await run(item) }

  @Test("none is left out, and none is there twice")
  func complete() {
    let ids = (AutobahnCase.framing + AutobahnCase.texts + AutobahnCase.closing + AutobahnCase.load)
      .map(\.id)
    #expect(Set(ids).count == ids.count)
    let sections = Dictionary(grouping: ids) { $0.prefix { $0 != "." } }.mapValues(\.count)
    #expect(
      sections == ["1": 16, "2": 11, "3": 7, "4": 10, "5": 20, "6": 145, "7": 37, "9": 54, "10": 1])
  }

  /// Says the steps, and holds what comes against the answers, frame by frame.
  private func run(_ item: AutobahnCase) async throws {
    let server = try await EchoServer()
    let socket = try await RawWebSocket.connect(to: server.address)
    var answers = item.answers[...]
    for step in item.steps {
      switch step {
      case .frame(let opcode, let payload, let isFinal, let reserved, let chop):
        socket.write(
          socket.frame(opcode, payload.bytes, isFinal: isFinal, reserved: reserved), chop: chop)
      case .fragments(let opcode, let payload, let size):
        let bytes = payload.bytes
        for start in stride(from: 0, to: bytes.count, by: size) {
          let end = min(bytes.count, start + size)
          socket.write(
            socket.frame(
              start == 0 ? opcode : 0, Array(bytes[start..<end]), isFinal: end == bytes.count))
        }
      case .part(let opcode, let payload, let from, let to):
        // Of the same frame each time: its key is left as it is.
        socket.write(Array(unmasked(opcode, payload.bytes)[from..<to]))
      case .answer: try await expect(answers.removeFirst(), socket)
      }
    }
    while let answer = answers.popFirst() { try await expect(answer, socket) }
    let closing: RawWebSocket.Frame
    switch item.end {
    case .normal:
      socket.sayClosing()
      closing = try await socket.frame()
      #expect(closing.code == 1000)
    case .code(let codes):
      closing = try await socket.frame()
      #expect(codes.contains(closing.code), "\(closing.code ?? 0) \(closing.reason)")
    }
    #expect(closing.opcode == 8)
    #expect(try await socket.isAtEnd())
    await socket.close()
    await server.stop()
  }

  private func expect(_ answer: (UInt8, AutobahnCase.Payload), _ socket: RawWebSocket) async throws
  {
    let frame = try await socket.frame()
    #expect(frame.opcode == answer.0 && frame.isFinal)
    // Not shown: some have 16 MB.
    let isSame = frame.payload == answer.1.bytes
    #expect(isSame, "\(frame.payload.count) bytes came")
  }

  /// Masked with a key of zeros.
  private func unmasked(_ opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [0x80 | opcode, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
  }
}
