import CRdKafka
import DaybookModel
import Doubles
import Foundation
import Testing

@testable import Mirror

@Suite("TLS to Kafka", .timeLimit(.minutes(5)))
struct TLSTests {
  /// Makes a certificate whose time was over in 2001, and trusts it.
  private static let script = """
    set -e
    cd "$0"
    printf '%s\\n' '[ca]' default_ca=d '[d]' database=index serial=serial new_certs_dir=. \\
      default_md=sha256 policy=p '[p]' commonName=supplied '[req]' distinguished_name=dn '[dn]' > cnf
    : > index
    echo 01 > serial
    openssl ecparam -name prime256v1 -genkey -noout -out key.pem
    openssl req -new -key key.pem -subj /CN=localhost -config cnf -out request
    openssl ca -batch -config cnf -selfsign -keyfile key.pem -in request -notext \\
      -startdate 20000101000000Z -enddate 20010101000000Z -out expired.pem
    """

  private static let hasOpenSSL = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

  private func error(_ port: UInt16, _ properties: (String, String)...) async throws
    -> DaybookError?
  {
    let all = [("security.protocol", "ssl")] + properties
    var settings = MirrorSettings(
      kafka: try KafkaConfiguration(
        brokers: "localhost:\(port)",
        properties: all.map { KafkaConfiguration.Property($0.0, $0.1) }))
    settings.timeout = .seconds(10)
    var conditions = LogMirror.Conditions()
    conditions.givesUpAtStart = true
    let mirror = RunningMirror(
      LogMirror(
        settings, log: MirroredLog(MemoryLog(partitions: 1)), conditions: conditions,
        clock: TestClock(), logger: .silent))
    return await mirror.ended()
  }

  @Test("a certificate that has expired is told as such", .enabled(if: hasOpenSSL))
  func expired() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let made = try ChildProcess("/bin/sh", ["-c", Self.script, folder.path])
    while made.isRunning { try await Task.sleep(for: .milliseconds(5)) }
    try #require(made.status == 0)
    let port = try KafkaBroker.freePort()
    let server = try ChildProcess(
      "/usr/bin/openssl",
      [
        "s_server", "-accept", "127.0.0.1:\(port)", "-cert", "expired.pem", "-key", "key.pem",
        "-quiet",
      ], folder: folder.path)
    defer { server.signal(SIGKILL) }
    let error = try await error(
      port, ("ssl.ca.location", folder.appendingPathComponent("expired.pem").path))
    #expect(error?.code == .kafkaTLSFailed, "\(error.map { "\($0)" } ?? "")")
    #expect(error?.message.contains("certificate") == true)
  }

  @Test("a broker without TLS is told as such", .enabled(if: KafkaBroker.isStoppable))
  func plain() async throws {
    let broker = try KafkaBroker()
    let port = try #require(broker.address.split(separator: ":").last.flatMap { UInt16($0) })
    #expect(try await error(port)?.code == .kafkaTLSFailed)
  }
}

@Suite("Kafka's answers as errors")
struct KafkaFaultTests {
  @Test(
    "each says what to do",
    arguments: [
      (-185, "kafka_unreachable"), (-195, "kafka_unreachable"), (-193, "kafka_unreachable"),
      (-187, "kafka_unreachable"), (19, "kafka_unreachable"), (-169, "kafka_refused"),
      (58, "kafka_refused"), (33, "kafka_refused"), (29, "kafka_forbidden"),
      (31, "kafka_forbidden"),
      (53, "kafka_forbidden"), (-181, "kafka_tls_failed"), (3, "kafka_topic_missing"),
      (-190, "kafka_topic_missing"), (10, "kafka_record_too_large"), (89, "kafka_throttled"),
      (90, "mirror_fenced"), (47, "mirror_fenced"), (-144, "mirror_fenced"), (56, "kafka_failed"),
    ])
  func meanings(code: Int32, name: String) {
    let error = KafkaFault(rd_kafka_resp_err_t(rawValue: code)).asDaybookError("it can't be done")
    #expect(error.code.name == name)
    #expect(error.message.hasPrefix("it can't be done: "))
  }
}
