import ArgumentParser
import DaybookModel
import DaybookSDK
import DaybookSchema
import Foundation
import Logging
import WireProtocol

/// Sends one message.
struct Send: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send a message, as a user's device or as a service for a user.",
    discussion: """
      Prints the message's id once it is stored. With a device's token it is a session of that \
      device, and ends another one that the device has: give scripts a device of their own, or a \
      service's token. Whoever has a service's token is told on standard error of a receiver who has \
      never been here; a device may not ask for that.
      """)

  @OptionGroup var server: ServerOption

  @Option(name: .customLong("to"), help: "To whom.")
  var user: String?

  @Option(help: "To which group.")
  var group: String?

  @Option(
    name: .customLong("as"),
    help: "For which user, with a service's token. A device's token sends for its own.")
  var sender: String?

  @Option(help: "The id of the message that this one answers.", transform: MessageID.parse)
  var replyTo: MessageID?

  @Option(
    help: """
      A word of your own for this message, 1 to 32 bytes: sent once more under the same word by the \
      same user to the same receiver, it is not stored again, and the first one's id is printed. \
      Another message needs another word.
      """)
  var key: String?

  @Argument(
    help: """
      The text; words are joined by spaces. Without it, or for '-', standard input is sent, up to \
      its end.
      """)
  var text: [String] = []

  @OptionGroup var json: JSONOption

  func validate() throws {
    guard (user == nil) != (group == nil) else {
      throw ValidationError("say to whom: either --to USER, or --group GROUP")
    }
    if let key, Origin(Array(key.utf8)) == nil {
      throw ValidationError("--key has 1 to \(Limits.originBytesMax) bytes")
    }
  }

  func run() async throws {
    let client = try server.client()
    let body = try body()
    let sender = try sender.map { try UserID.parse($0, "--as") }
    let info = try await asDaybookError { try await client.connect() }
    guard (info.service != nil) == (sender != nil) else {
      throw DaybookError(
        .invalidArgument,
        info.service == nil
          ? "a device's token sends for its own user: leave out --as, or use a service's token"
          : "a service sends for a user: say for whom with --as")
    }
    let command = OneCommand(
      IssuedCommand(
        origin: key.flatMap { Origin(Array($0.utf8)) }, number: 1, actingFor: sender, body: body))
    var isNew = false
    if sender != nil, let user { isNew = await Send.isUnknown(user, to: client) }
    try await asDaybookError { try await client.run(command, window: 1) }
    await client.close()
    guard let reply = try command.outcome?.get() else { return }
    if isNew, let user {
      OperatorLog.logger.notice(
        "nobody called '\(user)' has been here yet: the message waits for whoever comes as that",
        metadata: ["user": "\(user)"])
    }
    if json.isSet {
      var line = JSONLine()
      line.set("message_id", reply.messageID.description)
      line.set("recorded_at", reply.recordedAt.rfc3339)
      line.set("repeated", reply.repeated)
      var output = StandardOutput()
      try output.line(line)
      try output.flush()
    } else {
      try printToStandardOutput(reply.messageID.description)
    }
  }

  /// Whether nothing has ever come from this user, nor to it. What keeps that from being found out is
  /// the send's to tell.
  private static func isUnknown(_ user: String, to client: DaybookClient) async -> Bool {
    var request = Daybook_V1_UserRequest()
    request.user = user
    do throws(ClientError) {
      let _: Daybook_V1_UserReply = try await client.query(.user, request)
      return false
    } catch {
      return error.code == .unknownUser
    }
  }

  private func body() throws(DaybookError) -> IssuedCommand.Body {
    let to: StreamKey =
      if let group {
        .group(try GroupID.parse(group, "--group"))
      } else {
        .user(try UserID.parse(user ?? "", "--to"))
      }
    let message = Message(content: ContentCoding.text(try said()))
    let extras = replyTo.map { SendExtras(replyTo: $0) }
    return .send(to: to, message, extras)
  }

  /// Throws `invalid_argument`, `content_too_large`.
  private func said() throws(DaybookError) -> String {
    let said: String
    if text.isEmpty || text == ["-"] {
      var bytes = FileHandle.standardInput.readDataToEndOfFile()
      // The end of the last line is the shell's, not the message's.
      if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
      guard let read = String(validating: bytes, as: UTF8.self) else {
        throw DaybookError(.invalidArgument, "standard input is not UTF-8")
      }
      said = read
    } else {
      said = text.joined(separator: " ")
    }
    guard !said.isEmpty else {
      throw DaybookError(.invalidArgument, "there is nothing to send: give a text")
    }
    guard said.utf8.count <= Limits.contentBytesMax else {
      throw DaybookError(
        .contentTooLarge,
        "the text has \(said.utf8.count) bytes, and may have \(Limits.contentBytesMax)")
    }
    return said
  }
}

/// A command that is sent until it has its answer.
///
/// `@unchecked Sendable`: touched on the client's loop only, and looked at when that is done with it.
final class OneCommand: CommandSource, @unchecked Sendable {
  private var command: IssuedCommand?
  private(set) var outcome: Result<CommandReply, DaybookError>?

  init(_ command: IssuedCommand) { self.command = command }

  func next() -> (command: IssuedCommand, tag: UInt64)? {
    defer { command = nil }
    return command.map { ($0, 0) }
  }

  func answered(_ tag: UInt64, _ outcome: Result<CommandReply, DaybookError>) {
    self.outcome = outcome
  }
}
