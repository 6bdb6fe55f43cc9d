import ArgumentParser
import DaybookModel
import DaybookSDK
import Server

/// Whom to ask: a data folder on this machine, beside its server or without one, or a running server
/// wherever it is.
struct AskedOption: ParsableArguments {
  @Option(
    name: .customLong("data"),
    help: "The data folder to look into; without it and --server, what DAYBOOK_DATA says.",
    completion: .directory)
  var data: String?

  @Option(
    name: .customLong("server"),
    help: """
      The running server to ask instead, as HOST:PORT or tls://HOST:PORT, with a token: a service's \
      may ask about everybody, a device's about its user. Without it and --data, what DAYBOOK_DATA \
      or else DAYBOOK_SERVER says.
      """)
  var server: String?

  @OptionGroup var tls: TLSOption

  @OptionGroup var token: TokenOption

  private enum Asked {
    case folder(String)
    case server(String)
  }

  /// Nil where nothing says it.
  private var asked: Asked? {
    if let server { return .server(server) }
    if let data { return .folder(data) }
    if !token.isGiven, let data = Setting.data.fromEnvironment { return .folder(data) }
    return Setting.server.fromEnvironment.map { .server($0) }
  }

  /// Nil where a server is asked.
  var folder: String? {
    if case .folder(let path) = asked { path } else { nil }
  }

  func validate() throws {
    guard data == nil || server == nil else {
      throw ValidationError("ask either a data folder (--data) or a server (--server)")
    }
    switch asked {
    case .folder(let path):
      guard !path.isEmpty else { throw ValidationError("--data is empty: name a folder") }
      guard !token.isGiven else {
        throw ValidationError("a data folder takes no token: leave it out, or say --server")
      }
      guard !tls.isGiven else {
        throw ValidationError("a data folder is no server, which --tls is about: say --server")
      }
    case .server: break
    case nil:
      throw ValidationError(
        "say whom to ask: --data or DAYBOOK_DATA, or --server or DAYBOOK_SERVER")
    }
  }

  /// Whose it is can stay unsaid where a token says it. `what` is how it is said.
  func require(_ value: String?, _ what: String) throws {
    if folder != nil, value == nil {
      throw ValidationError("say \(what): only a device's token says it by itself")
    }
  }

  /// Of a damaged folder the answer is what is good, and the exit code tells.
  func asking(_ ask: (Answers) async throws -> Void) async throws {
    switch asked {
    case .folder(let path):
      try await OpenData.asking(try DataFolder(at: path)) { data in
        try await ask(Answers(inspection: data.queries, conversations: LocalAnswers(data)))
      }
    case .server(let address):
      let client = try ServerOption.client(address, tls, try token.text())
      let info = try await asDaybookError { try await client.connect() }
      let remote = RemoteAnswers(client)
      let answers = Answers(
        inspection: remote, conversations: remote, user: info.user.map { UserID(checked: $0) },
        device: info.device.map { DeviceID(checked: $0) },
        feed: info.user == nil ? nil : DeviceFeed(client))
      try await asDaybookError { try await ask(answers) }
      await client.close()
    case nil: break
    }
  }
}
