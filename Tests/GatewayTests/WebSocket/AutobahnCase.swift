import Testing

/// A case of the Autobahn suite (github.com/crossbario/autobahn-testsuite), by its id there: what a client does to a
/// server that echoes, and what comes of it.
struct AutobahnCase: Sendable, CustomTestStringConvertible {
  enum Step: Sendable {
    case frame(UInt8, Payload, isFinal: Bool = true, reserved: UInt8 = 0, chop: Int? = nil)
    /// A message in fragments of so many bytes.
    case fragments(UInt8, Payload, of: Int)
    /// So many bytes of a frame.
    case part(UInt8, Payload, from: Int, to: Int)
    /// An answer is waited for before more is said.
    case answer
  }

  enum Payload: Sendable {
    case bytes([UInt8])
    case text(String)
    /// So many bytes, of these as often as they fit.
    case filled(with: String, Int)
    case filledBytes(with: [UInt8], Int)

    static let none = Payload.bytes([])

    var bytes: [UInt8] {
      switch self {
      case .bytes(let bytes): bytes
      case .text(let text): Array(text.utf8)
      case .filled(let pattern, let count): Payload.fill(Array(pattern.utf8), count)
      case .filledBytes(let pattern, let count): Payload.fill(pattern, count)
      }
    }

    private static func fill(_ pattern: [UInt8], _ count: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count + pattern.count)
      while bytes.count < count { bytes += pattern }
      return Array(bytes.prefix(count))
    }
  }

  enum End: Sendable {
    /// The client closes when it has its answers, with 1000, and the server agrees.
    case normal
    /// The server closes, with one of these, or answers the client's close so; nil: it states no code.
    case code([Int?])
  }

  var id: String
  var steps: [Step]
  /// Frames of the server, in order: opcodes and payloads.
  var answers: [(UInt8, Payload)]
  var end = End.normal

  var testDescription: String { id }

  /// One message, or ping, that comes back.
  static func echo(
    _ id: String, _ opcode: UInt8, _ payload: Payload, chop: Int? = nil
  ) -> AutobahnCase {
    AutobahnCase(
      id: id, steps: [.frame(opcode, payload, chop: chop)],
      answers: [(opcode == 9 ? 10 : opcode, payload)])
  }

  /// The server closes with 1002, and says nothing else, or what comes before.
  static func refused(
    _ id: String, _ steps: [Step], _ answers: [(UInt8, Payload)] = [], code: Int = 1002
  ) -> AutobahnCase {
    AutobahnCase(id: id, steps: steps, answers: answers, end: .code([code]))
  }

  /// One that comes back whole.
  static func fragments(
    _ id: String, _ opcode: UInt8, _ payload: Payload, of size: Int
  ) -> AutobahnCase {
    AutobahnCase(
      id: id, steps: [.fragments(opcode, payload, of: size)], answers: [(opcode, payload)])
  }
}
