import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// A Connect that has come, while its token is looked at.
struct Connecting {
  let sequence: UInt32
  let token: String
  /// Of commands that state none.
  let origin: Origin?
  /// Name and version of the client's program.
  let client: String
  let heartbeatMilliseconds: UInt32
  /// Nil where it says nothing of them.
  let settings: ConnectionSettings?

  /// `token` is taken where the request has none. Throws `malformed_frame` and `invalid_request`.
  init(_ frame: Frame, offered token: String, clientBytesMax: Int) throws(DaybookError) {
    let request = try Daybook_V1_ConnectRequest(frameBody: frame.body)
    origin = try CommandContext.origin(of: request.origin)
    guard request.client.utf8.count <= clientBytesMax else {
      throw DaybookError(
        .invalidRequest, "client is over \(clientBytesMax) bytes: state name and version")
    }
    guard request.client.isPrintable else {
      throw DaybookError(.invalidRequest, "client has no control characters")
    }
    client = request.client
    self.token = request.token.isEmpty ? token : request.token
    heartbeatMilliseconds = request.heartbeatIntervalMs
    settings = request.hasSettings ? ConnectionSettings(request.settings) : nil
    sequence = frame.sequence
  }
}

/// A session whose token is good, while its mailbox is opened: the reply says whether the device was
/// known there. A service has no mailbox; of its token it is asked meanwhile whether it is void.
struct Opening {
  /// Nil for a service.
  let device: ConnectingDevice?
  let sequence: UInt32
  let client: String
  private var reply: Daybook_V1_ConnectReply
  /// Events that change the session itself and have come meanwhile.
  private var news: [(Seq, MailboxNews)] = []

  init(_ connecting: Connecting, as token: CheckedToken, reply: Daybook_V1_ConnectReply) {
    device =
      switch token.principal {
      case .device(let user, let device):
        ConnectingDevice(user, device, deviceClass: token.deviceClass)
      case .service: nil
      }
    sequence = connecting.sequence
    client = connecting.client
    self.reply = reply
  }

  func sayConnected(
    resumed: Bool, registration: Seq, _ output: inout SessionOutput
  ) {
    var reply = reply
    reply.resumed = resumed
    reply.registration = registration.rawValue
    output.write(.connect.reply, sequence: sequence, reply)
  }

  /// Of what the client has asked for, this counts.
  mutating func agree(on settings: ConnectionSettings) { reply.settings = settings.message }

  mutating func keep(_ news: MailboxNews, at seq: Seq) { self.news.append((seq, news)) }

  /// Up to its head at the opening, the answer of the mailbox's owner has it.
  func news(after head: Seq) -> [MailboxNews] {
    news.compactMap { seq, news in seq > head ? news : nil }
  }
}

extension Daybook_V1_ConnectReply {
  init(
    to requester: Requester, session: String, logID: String, _ options: GatewayOptions,
    heartbeat: TimeAmount, tokenExpiresAt: Timestamp, now: Timestamp
  ) {
    self = .with {
      $0.serverTimeMs = now.milliseconds
      $0.heartbeatIntervalMs = UInt32(clamping: heartbeat.nanoseconds / 1_000_000)
      $0.limits = .with {
        $0.contentBytesMax = UInt32(Limits.contentBytesMax)
        $0.frameBytesMax = UInt32(options.frameBytesMax)
        $0.inFlightMax = UInt32(options.inFlightMax)
        $0.originWindow = UInt32(Limits.originWindow)
        $0.pageEventsMax = UInt32(Limits.pageEventsMax)
        $0.windowEvents = UInt32(options.window.events)
        $0.windowBytes = UInt32(options.window.bytes)
      }
      $0.session = session
      $0.user = requester.user?.text ?? ""
      $0.device = requester.device?.text ?? ""
      $0.service = requester.service?.text ?? ""
      $0.logID = logID
      $0.tokenExpiresAtMs = tokenExpiresAt.milliseconds
      $0.durability = .synced
    }
  }
}
