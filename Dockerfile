# The program alone: docker build -t powersync-jwks .
FROM rust:1.95-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
RUN cargo build --locked --release && cp target/release/powersync-jwks /powersync-jwks

FROM scratch
COPY --from=build /powersync-jwks /powersync-jwks
COPY LICENSE-APACHE LICENSE-MIT /
# Nobody. Whoever owns the config: `docker run --user "$(id -u)"`.
USER 65534:65534
WORKDIR /config
ENTRYPOINT ["/powersync-jwks"]
