import DaybookModel
import DaybookSchema
public import DaybookSDK
import Foundation

/// How far somebody who follows the log has got: opaque, to be kept as it is.
public struct FeedPosition: Sendable, Hashable, CustomStringConvertible, Codable {
  /// As it goes over the wire.
  public let bytes: [UInt8]

  /// Bytes that another `FeedPosition` had.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// As text: base64url (RFC 4648) without padding.
  public var description: String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }

  /// Throws `invalid_argument` for what is no `description`.
  public init(text: String) throws(ClientError) {
    let padded = text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    guard !text.isEmpty,
      let data = Data(
        base64Encoded: padded.replacing("-", with: "+").replacing("_", with: "/"))
    else {
      throw ClientError(
        DaybookError(.invalidArgument, "\(PrintableText.quoted(text)) is no position of a feed"))
    }
    bytes = Array(data)
  }
}

/// Where to begin.
public enum FeedStart: Sendable, Hashable {
  /// The first event that is kept.
  case beginning
  /// Behind all that is durable now.
  case now
  /// The first event that was recorded then or later, in each partition: milliseconds since 1970.
  case time(milliseconds: UInt64)
  /// Where somebody has got to.
  case position(FeedPosition)
  /// The position that the server keeps under this name.
  case named(String)
  /// The same offset in each partition.
  case offset(UInt64)

  var message: Daybook_V1_FeedStart {
    var message = Daybook_V1_FeedStart()
    switch self {
    case .beginning: break
    case .now: message.now = true
    case .time(let milliseconds): message.timeMs = milliseconds
    case .position(let position): message.position = Data(position.bytes)
    case .named(let name): message.name = name
    case .offset(let offset): message.offset = offset
    }
    return message
  }
}

/// Which events; of each that is empty: all.
public struct FeedSelection: Sendable, Hashable {
  /// `user/<id>` and `group/<id>`.
  public var streams: [String] = []
  public var partitions: [Int] = []
  /// As `schemas/events.md` names them: `message_sent`.
  public var kinds: [String] = []

  /// All events.
  public init() {}
}
