//! What Lambda and a deployment set in the environment of a function's process, here around a built binary.

/// The variables of the process of `function`, beside its own: its Runtime API, obviously fake credentials, and the
/// engines in place of AWS.
#[must_use]
pub fn sandbox(function: &str, runtime_api: &str, engines: &str) -> [(&'static str, String); 11] {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{function}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_REGION", "eu-west-3".to_owned()),
        ("AWS_ACCESS_KEY_ID", "fictif".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "fictif".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_ENDPOINT_URL", engines.to_owned()),
    ]
}
