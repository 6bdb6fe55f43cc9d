import ArgumentParser
import DaybookModel
import DaybookSDK

/// Which server, and as whom.
struct ServerOption: ParsableArguments {
  @Option(
    name: .customLong("server"),
    help: """
      The server, as HOST:PORT or tls://HOST:PORT, over WebSocket ws://HOST:PORT or wss://HOST:PORT; \
      without it, what DAYBOOK_SERVER says.
      """)
  var address: String?

  @OptionGroup var tls: TLSOption

  @OptionGroup var token: TokenOption

  func validate() throws {
    guard address ?? Setting.server.fromEnvironment != nil else {
      throw ValidationError("say which server: --server HOST:PORT, or DAYBOOK_SERVER")
    }
  }

  /// Throws `invalid_argument` for what is no address or no token, and for files of TLS that are of no use.
  func client(
    _ configure: (inout ClientConfiguration) -> Void = { _ in }
  ) throws(DaybookError) -> DaybookClient {
    try ServerOption.client(
      address ?? Setting.server.fromEnvironment ?? "", tls, try token.text(), configure)
  }

  static func client(
    _ address: String, _ tls: TLSOption, _ token: String,
    _ configure: (inout ClientConfiguration) -> Void = { _ in }
  ) throws(DaybookError) -> DaybookClient {
    do throws(ClientError) {
      var configuration = try ClientConfiguration(server: address, token: token)
      configuration.clientName = "daybook-cli/\(Version.text)"
      tls.apply(to: &configuration)
      configure(&configuration)
      return try DaybookClient(configuration)
    } catch {
      throw error.asDaybookError
    }
  }
}

/// Runs `body`; what the SDK throws comes out as what the CLI reports.
func asDaybookError<T>(_ body: () async throws -> T) async throws -> T {
  do {
    return try await body()
  } catch let error as ClientError {
    throw error.asDaybookError
  }
}
